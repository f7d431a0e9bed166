create or replace trigger mentors_inserted
after insert on expiry.mentors
referencing new table as after_rows
for each statement
execute function expiry.mentors_inserted();
comment on trigger mentors_inserted on expiry.mentors is 'A new mentor''s status is what the facts say.';
