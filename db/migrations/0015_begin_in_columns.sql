-- Made again: what it tells of a delivery comes in columns now.
DROP FUNCTION IF EXISTS "expiry"."begin_reminder_delivery"(bigint[], integer[], text[], integer);--> statement-breakpoint
DROP VIEW IF EXISTS "expiry"."delivery_facts";
