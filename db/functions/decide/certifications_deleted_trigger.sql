create or replace trigger certifications_deleted
after delete on expiry.certifications
referencing old table as before_rows
for each statement
execute function expiry.certifications_changed();
comment on trigger certifications_deleted on expiry.certifications is 'A certification that is taken away takes effect at once.';
