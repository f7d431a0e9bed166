CREATE TABLE "expiry"."applied_objects" (
	"name" text PRIMARY KEY NOT NULL,
	"source" text NOT NULL,
	"live" text NOT NULL
);
--> statement-breakpoint
DROP TABLE "expiry"."applied_triggers" CASCADE;