-- Made again with one argument more: when what is settled has changed, and whether the website may follow in portions.
DROP FUNCTION IF EXISTS "expiry"."settle_portal"(uuid[]);--> statement-breakpoint
DROP FUNCTION IF EXISTS "expiry"."settle_mentors"(uuid[], expiry.reminder_source);
