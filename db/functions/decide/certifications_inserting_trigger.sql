create or replace trigger certifications_inserting
before insert on expiry.certifications
for each statement
execute function expiry.certifications_changing();
comment on trigger certifications_inserting on expiry.certifications is 'Until its dates are looked at, nobody decides from them.';
