create or replace trigger organisations_updated
after update on expiry.organisations
referencing old table as before_rows new table as after_rows
for each statement
execute function expiry.organisations_changed();
comment on trigger organisations_updated on expiry.organisations is 'What the update changed for reminders takes effect at once.';
