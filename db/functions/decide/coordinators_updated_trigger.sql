create or replace trigger coordinators_updated
after update on expiry.coordinators
referencing old table as before_rows new table as after_rows
for each statement
execute function expiry.coordinators_changed();
comment on trigger coordinators_updated on expiry.coordinators is 'What the update changed for reminders takes effect at once.';
