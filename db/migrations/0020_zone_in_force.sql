ALTER TABLE "expiry"."organisations" ADD COLUMN "zone_in_force" text DEFAULT 'UTC' NOT NULL;--> statement-breakpoint
UPDATE "expiry"."organisations" SET "zone_in_force" = "time_zone";
