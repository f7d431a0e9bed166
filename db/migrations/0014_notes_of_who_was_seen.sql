ALTER TABLE "expiry"."backdated_expiries" ADD COLUMN "was_visible" boolean DEFAULT false NOT NULL;--> statement-breakpoint
UPDATE "expiry"."backdated_expiries" AS b SET "was_visible" = true FROM "expiry"."mentors" AS m WHERE m."id" = b."mentor_id" AND m."status" = 'active' AND b."admitted_date" IS NOT NULL;
