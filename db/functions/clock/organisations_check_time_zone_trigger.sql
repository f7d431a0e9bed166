create or replace trigger organisations_check_time_zone
before insert or update of time_zone on expiry.organisations
for each row
execute function expiry.check_time_zone();
comment on trigger organisations_check_time_zone on expiry.organisations is 'An organisation lives in a time zone that exists, which is in force at once.';
