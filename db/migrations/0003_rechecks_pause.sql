ALTER TABLE "expiry"."mentor_rechecks" ALTER COLUMN "requested_at" SET DEFAULT pg_catalog.clock_timestamp();--> statement-breakpoint
ALTER TABLE "expiry"."mentor_rechecks" ADD COLUMN "available_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "expiry"."mentor_rechecks" ADD COLUMN "failures" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "expiry"."mentor_rechecks" ADD COLUMN "last_error" text;