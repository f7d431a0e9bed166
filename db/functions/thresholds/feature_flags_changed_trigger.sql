create or replace trigger feature_flags_changed
after insert or update or delete or truncate on expiry.feature_flags
for each statement
execute function expiry.thresholds_changed();
comment on trigger feature_flags_changed on expiry.feature_flags is 'What counts for each organisation follows at once.';
