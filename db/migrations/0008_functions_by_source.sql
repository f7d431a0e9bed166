-- Made again with one argument more: who asks.
DROP FUNCTION IF EXISTS "expiry"."lock_mentors"(uuid[]);--> statement-breakpoint
DROP FUNCTION IF EXISTS "expiry"."settle_mentors"(uuid[]);--> statement-breakpoint
DROP FUNCTION IF EXISTS "expiry"."revive_reminders"(uuid[]);--> statement-breakpoint
DROP FUNCTION IF EXISTS "expiry"."retry_failed_reminders"(uuid[], text[]);
