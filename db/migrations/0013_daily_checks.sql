CREATE TABLE "expiry"."daily_checks" (
	"name" text PRIMARY KEY NOT NULL,
	"begun_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
-- Made again with other arguments: who is due is known by the table.
DROP FUNCTION IF EXISTS "expiry"."check_operations"(uuid[]);--> statement-breakpoint
DROP FUNCTION IF EXISTS "expiry"."check_duplicates"();
