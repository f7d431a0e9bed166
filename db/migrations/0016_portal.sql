CREATE TABLE "expiry"."portal_break_glass" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "expiry"."portal_break_glass_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"actor" text NOT NULL,
	"reason" text NOT NULL,
	"is_applied" boolean NOT NULL,
	"mentor_ids" uuid[],
	"environment" uuid,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp with time zone,
	"outcome" text,
	"code" text,
	"compared" integer DEFAULT 0 NOT NULL,
	"different" integer DEFAULT 0 NOT NULL,
	"pushed" integer DEFAULT 0 NOT NULL,
	"failed" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "portal_break_glass_outcome_check" CHECK ("expiry"."portal_break_glass"."outcome" in ('done', 'interrupted', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "expiry"."portal_differences" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "expiry"."portal_differences_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"portal_key" text NOT NULL,
	"kind" text NOT NULL,
	"mentor_id" uuid,
	"fields" text[] DEFAULT '{}' NOT NULL,
	"is_exposed" boolean DEFAULT false NOT NULL,
	"claims_sync" boolean DEFAULT false NOT NULL,
	"since" timestamp with time zone NOT NULL,
	"found_in" bigint NOT NULL,
	CONSTRAINT "portal_differences_portal_key_key" UNIQUE("portal_key"),
	CONSTRAINT "portal_differences_kind_check" CHECK ("expiry"."portal_differences"."kind" in ('missing', 'extra', 'different'))
);
--> statement-breakpoint
CREATE TABLE "expiry"."portal_environments" (
	"id" uuid PRIMARY KEY NOT NULL,
	"adopted_at" timestamp with time zone DEFAULT now() NOT NULL,
	"adopted_by" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "expiry"."portal_reconciliations" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "expiry"."portal_reconciliations_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"requested_by" text NOT NULL,
	"requested_at" timestamp with time zone DEFAULT now() NOT NULL,
	"begins_at" timestamp with time zone DEFAULT now() NOT NULL,
	"is_initial" boolean DEFAULT false NOT NULL,
	"status" text DEFAULT 'requested' NOT NULL,
	"environment" uuid,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	"contacts" integer DEFAULT 0 NOT NULL,
	"compared" integer DEFAULT 0 NOT NULL,
	"different" integer DEFAULT 0 NOT NULL,
	"missing" integer DEFAULT 0 NOT NULL,
	"extra" integer DEFAULT 0 NOT NULL,
	"pushed" integer DEFAULT 0 NOT NULL,
	"error" text,
	CONSTRAINT "portal_reconciliations_status_check" CHECK ("expiry"."portal_reconciliations"."status" in ('requested', 'running', 'done', 'held', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "expiry"."portal_sync_attempts" (
	"mentor_id" uuid NOT NULL,
	"version" bigint NOT NULL,
	"attempt" integer NOT NULL,
	"outcome" text NOT NULL,
	"code" text,
	"steps" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone DEFAULT pg_catalog.clock_timestamp() NOT NULL,
	CONSTRAINT "portal_sync_attempts_pkey" PRIMARY KEY("mentor_id","version","attempt")
);
--> statement-breakpoint
CREATE TABLE "expiry"."portal_worker" (
	"singleton" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"holder" uuid NOT NULL,
	"until" timestamp with time zone NOT NULL,
	"verify_seconds" double precision DEFAULT 150 NOT NULL,
	"gate_code" text,
	"gate_until" timestamp with time zone,
	"environment" uuid,
	"healthy_at" timestamp with time zone,
	"checked_at" timestamp with time zone,
	CONSTRAINT "portal_worker_singleton_check" CHECK ("expiry"."portal_worker"."singleton")
);
--> statement-breakpoint
ALTER TABLE "expiry"."portal_sync" ADD COLUMN "changed_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "expiry"."portal_sync" ADD COLUMN "priority" smallint DEFAULT 4 NOT NULL;--> statement-breakpoint
ALTER TABLE "expiry"."portal_sync" ADD COLUMN "failures" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "expiry"."portal_sync" ADD COLUMN "available_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "expiry"."portal_sync" ADD COLUMN "queued_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "expiry"."portal_sync" ADD COLUMN "lease_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "expiry"."portal_sync" ADD COLUMN "sending_version" bigint;--> statement-breakpoint
ALTER TABLE "expiry"."portal_sync" ADD COLUMN "unsure_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "expiry"."portal_sync" ADD COLUMN "pushed_key" text;--> statement-breakpoint
ALTER TABLE "expiry"."portal_sync" ADD COLUMN "earlier_keys" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "expiry"."portal_sync" ADD COLUMN "acknowledged" jsonb;--> statement-breakpoint
ALTER TABLE "expiry"."portal_sync" ADD COLUMN "requested_by" text;--> statement-breakpoint
ALTER TABLE "expiry"."portal_sync" ADD COLUMN "met_in" bigint;--> statement-breakpoint
CREATE INDEX "portal_differences_mentor_id_idx" ON "expiry"."portal_differences" USING btree ("mentor_id");--> statement-breakpoint
CREATE INDEX "portal_reconciliations_open_idx" ON "expiry"."portal_reconciliations" USING btree ("id") WHERE status in ('requested', 'running');--> statement-breakpoint
CREATE INDEX "portal_sync_attempts_finished_at_idx" ON "expiry"."portal_sync_attempts" USING btree ("finished_at");--> statement-breakpoint
CREATE UNIQUE INDEX "mentors_portal_key_any_case_key" ON "expiry"."mentors" USING btree (lower("portal_key"));--> statement-breakpoint
CREATE INDEX "portal_sync_pending_idx" ON "expiry"."portal_sync" USING btree ("priority","available_at","mentor_id") WHERE status in ('pending', 'verifying');--> statement-breakpoint
CREATE INDEX "portal_sync_queued_idx" ON "expiry"."portal_sync" USING btree ("mentor_id") WHERE status = 'queued';--> statement-breakpoint
CREATE INDEX "portal_sync_sending_idx" ON "expiry"."portal_sync" USING btree ("lease_until") WHERE status = 'sending';--> statement-breakpoint
CREATE INDEX "portal_sync_parked_idx" ON "expiry"."portal_sync" USING btree ("mentor_id") WHERE status = 'parked';--> statement-breakpoint
CREATE INDEX "portal_sync_pushed_key_idx" ON "expiry"."portal_sync" USING btree ("pushed_key");--> statement-breakpoint
CREATE INDEX "portal_sync_earlier_keys_idx" ON "expiry"."portal_sync" USING gin ("earlier_keys") WHERE earlier_keys <> '{}';--> statement-breakpoint
ALTER TABLE "expiry"."portal_sync" ADD CONSTRAINT "portal_sync_status_check" CHECK ("expiry"."portal_sync"."status" in ('pending', 'queued', 'sending', 'verifying', 'synced', 'parked'));--> statement-breakpoint
ALTER TABLE "expiry"."portal_sync" ADD CONSTRAINT "portal_sync_priority_check" CHECK ("expiry"."portal_sync"."priority" between 1 and 4);--> statement-breakpoint
ALTER TABLE "expiry"."portal_sync" ADD CONSTRAINT "portal_sync_sending_check" CHECK (("expiry"."portal_sync"."status" = 'sending') = ("expiry"."portal_sync"."lease_until" is not null) and ("expiry"."portal_sync"."status" = 'sending') = ("expiry"."portal_sync"."sending_version" is not null));