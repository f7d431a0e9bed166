create or replace trigger mentors_status_version
before update on expiry.mentors
for each row
when (new.status <> old.status)
execute function expiry.count_status_version();
comment on trigger mentors_status_version on expiry.mentors is 'Changes of status are counted.';
