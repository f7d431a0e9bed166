create or replace trigger certifications_updating
before update on expiry.certifications
for each statement
execute function expiry.certifications_changing();
comment on trigger certifications_updating on expiry.certifications is 'Until its dates are looked at, nobody decides from them.';
