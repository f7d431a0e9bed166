create or replace trigger certifications_inserted
after insert on expiry.certifications
referencing new table as after_rows
for each statement
execute function expiry.certifications_changed();
comment on trigger certifications_inserted on expiry.certifications is 'A new expiry date takes effect at once.';
