create or replace trigger organisations_founded
after insert on expiry.organisations
referencing new table as founded
for each statement
execute function expiry.organisations_founded();
comment on trigger organisations_founded on expiry.organisations is 'A new organisation has thresholds at once.';
