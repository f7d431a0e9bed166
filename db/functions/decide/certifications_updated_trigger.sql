create or replace trigger certifications_updated
after update on expiry.certifications
referencing old table as before_rows new table as after_rows
for each statement
execute function expiry.certifications_changed();
comment on trigger certifications_updated on expiry.certifications is 'What the update changed for reminders takes effect at once.';
