create or replace trigger mentors_updated
after update on expiry.mentors
referencing old table as before_rows new table as after_rows
for each statement
execute function expiry.mentors_changed();
comment on trigger mentors_updated on expiry.mentors is 'What the update changed for reminders takes effect at once.';
