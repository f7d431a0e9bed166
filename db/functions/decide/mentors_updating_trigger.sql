create or replace trigger mentors_updating
before update on expiry.mentors
for each statement
execute function expiry.mentors_changing();
comment on trigger mentors_updating on expiry.mentors is 'Nobody else''s update passes for one of the rules.';
