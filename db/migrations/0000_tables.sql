CREATE TYPE "expiry"."delivery_outcome" AS ENUM('accepted', 'rejected', 'failed', 'uncertain');--> statement-breakpoint
CREATE TYPE "expiry"."mentor_status" AS ENUM('active', 'paused', 'certification_expired', 'inactive');--> statement-breakpoint
CREATE TYPE "expiry"."reminder_kind" AS ENUM('reminder', 'lapsed', 'restored');--> statement-breakpoint
CREATE TYPE "expiry"."reminder_source" AS ENUM('nightly', 'realtime', 'manual');--> statement-breakpoint
CREATE TYPE "expiry"."reminder_status" AS ENUM('pending', 'queued', 'sending', 'sent', 'failed', 'superseded');--> statement-breakpoint
CREATE TYPE "expiry"."reminder_urgency" AS ENUM('notice', 'warning', 'urgent');--> statement-breakpoint
CREATE TABLE "expiry"."applied_triggers" (
	"name" text PRIMARY KEY NOT NULL,
	"hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "expiry"."clock_override" (
	"singleton" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "clock_override_singleton_check" CHECK ("expiry"."clock_override"."singleton")
);
--> statement-breakpoint
CREATE TABLE "expiry"."expiry_runs" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "expiry"."expiry_runs_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"source" text NOT NULL,
	"organisation_ids" uuid[] NOT NULL,
	"status" text DEFAULT 'running' NOT NULL,
	"phases" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"clock" timestamp with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp with time zone DEFAULT pg_catalog.clock_timestamp() NOT NULL,
	"finished_at" timestamp with time zone,
	CONSTRAINT "expiry_runs_status_check" CHECK ("expiry"."expiry_runs"."status" in ('running', 'done', 'failed', 'crashed'))
);
--> statement-breakpoint
CREATE TABLE "expiry"."nightly_schedule" (
	"singleton" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"scheduler" text NOT NULL,
	"schedule" text NOT NULL,
	"set_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "nightly_schedule_singleton_check" CHECK ("expiry"."nightly_schedule"."singleton"),
	CONSTRAINT "nightly_schedule_scheduler_check" CHECK ("expiry"."nightly_schedule"."scheduler" in ('pg_cron', 'service'))
);
--> statement-breakpoint
CREATE TABLE "expiry"."operations_alerts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "expiry"."operations_alerts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"severity" text NOT NULL,
	"dedupe_key" text NOT NULL,
	"details" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"opened_at" timestamp with time zone DEFAULT now() NOT NULL,
	"notified_at" timestamp with time zone,
	"resolved_at" timestamp with time zone,
	CONSTRAINT "operations_alerts_dedupe_key_resolved_at_key" UNIQUE NULLS NOT DISTINCT("dedupe_key","resolved_at"),
	CONSTRAINT "operations_alerts_severity_check" CHECK ("expiry"."operations_alerts"."severity" in ('warning', 'critical'))
);
--> statement-breakpoint
CREATE TABLE "expiry"."certification_history" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "expiry"."certification_history_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"certification_id" uuid NOT NULL,
	"mentor_id" uuid NOT NULL,
	"old_expiry_date" date,
	"new_expiry_date" date NOT NULL,
	"actor" text NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "expiry"."certifications" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"mentor_id" uuid NOT NULL,
	"expiry_date" date NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "certifications_mentor_id_key" UNIQUE("mentor_id"),
	CONSTRAINT "certifications_expiry_date_check" CHECK ("expiry"."certifications"."expiry_date" between date '2000-01-01' and date '2200-12-31')
);
--> statement-breakpoint
CREATE TABLE "expiry"."coordinators" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"organisation_id" uuid NOT NULL,
	"external_ref" text,
	"full_name" text NOT NULL,
	"email" text,
	"locale" text,
	"active" boolean DEFAULT true NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "coordinators_organisation_id_external_ref_key" UNIQUE("organisation_id","external_ref"),
	CONSTRAINT "coordinators_organisation_id_id_key" UNIQUE("organisation_id","id"),
	CONSTRAINT "coordinators_locale_check" CHECK ("expiry"."coordinators"."locale" in ('en', 'nb')),
	CONSTRAINT "coordinators_email_check" CHECK ("expiry"."coordinators"."email" ~ '^[^@[:space:]<>(),]+@[^@[:space:]<>(),]+$')
);
--> statement-breakpoint
CREATE TABLE "expiry"."mentors" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"organisation_id" uuid NOT NULL,
	"coordinator_id" uuid,
	"external_ref" text,
	"portal_key" text,
	"full_name" text NOT NULL,
	"status" "expiry"."mentor_status" DEFAULT 'active' NOT NULL,
	"paused_until" date,
	"status_version" bigint DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "mentors_portal_key_key" UNIQUE("portal_key"),
	CONSTRAINT "mentors_organisation_id_external_ref_key" UNIQUE("organisation_id","external_ref"),
	CONSTRAINT "mentors_portal_key_check" CHECK ("expiry"."mentors"."portal_key" !~ '[/<>*%&:\\?+]' and "expiry"."mentors"."portal_key" <> ''),
	CONSTRAINT "mentors_paused_until_check" CHECK ("expiry"."mentors"."paused_until" between date '2000-01-01' and date '2200-12-31')
);
--> statement-breakpoint
CREATE TABLE "expiry"."organisations" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"slug" text NOT NULL,
	"name" text NOT NULL,
	"time_zone" text DEFAULT 'Europe/Oslo' NOT NULL,
	"locale" text DEFAULT 'nb' NOT NULL,
	"escalation_email" text,
	"fallback_email" text,
	"processed_on" date,
	"portal_enabled" boolean DEFAULT false NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "organisations_slug_key" UNIQUE("slug"),
	CONSTRAINT "organisations_slug_check" CHECK ("expiry"."organisations"."slug" ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
	CONSTRAINT "organisations_locale_check" CHECK ("expiry"."organisations"."locale" in ('en', 'nb')),
	CONSTRAINT "organisations_escalation_email_check" CHECK ("expiry"."organisations"."escalation_email" ~ '^[^@[:space:]<>(),]+@[^@[:space:]<>(),]+$'),
	CONSTRAINT "organisations_fallback_email_check" CHECK ("expiry"."organisations"."fallback_email" ~ '^[^@[:space:]<>(),]+@[^@[:space:]<>(),]+$')
);
--> statement-breakpoint
CREATE TABLE "expiry"."mentor_rechecks" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "expiry"."mentor_rechecks_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"mentor_id" uuid NOT NULL,
	"requested_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "expiry"."reminder_delivery_attempts" (
	"log_id" bigint NOT NULL,
	"attempt" integer NOT NULL,
	"channel" text NOT NULL,
	"outcome" "expiry"."delivery_outcome" NOT NULL,
	"response" text,
	"started_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "reminder_delivery_attempts_pkey" PRIMARY KEY("log_id","attempt","channel")
);
--> statement-breakpoint
CREATE TABLE "expiry"."reminder_dispatch_log" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "expiry"."reminder_dispatch_log_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"kind" "expiry"."reminder_kind" DEFAULT 'reminder' NOT NULL,
	"organisation_id" uuid NOT NULL,
	"mentor_id" uuid NOT NULL,
	"coordinator_id" uuid,
	"certification_id" uuid,
	"threshold_day" integer NOT NULL,
	"certification_expiry_date" date NOT NULL,
	"urgency" "expiry"."reminder_urgency" DEFAULT 'notice' NOT NULL,
	"escalate" boolean DEFAULT false NOT NULL,
	"source" "expiry"."reminder_source" DEFAULT 'manual' NOT NULL,
	"run_id" bigint,
	"status" "expiry"."reminder_status" DEFAULT 'pending' NOT NULL,
	"status_reason" text,
	"generation" integer DEFAULT 0 NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"available_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"due_at" timestamp with time zone DEFAULT now() NOT NULL,
	"queued_at" timestamp with time zone,
	"claimed_at" timestamp with time zone,
	"lease_until" timestamp with time zone,
	"first_failed_at" timestamp with time zone,
	"sent_at" timestamp with time zone,
	"date_sent" date,
	"channels" text[],
	"recipient_email" text,
	"last_error" text,
	"provider_message_id" text,
	"retried_by" text,
	CONSTRAINT "reminder_dispatch_log_key" UNIQUE("mentor_id","kind","certification_expiry_date","threshold_day"),
	CONSTRAINT "reminder_dispatch_log_threshold_day_check" CHECK (("expiry"."reminder_dispatch_log"."threshold_day" > 0) = ("expiry"."reminder_dispatch_log"."kind" = 'reminder') and "expiry"."reminder_dispatch_log"."threshold_day" >= 0),
	CONSTRAINT "reminder_dispatch_log_expiry_date_check" CHECK ("expiry"."reminder_dispatch_log"."certification_expiry_date" between date '2000-01-01' and date '2200-12-31'),
	CONSTRAINT "reminder_dispatch_log_sending_check" CHECK (("expiry"."reminder_dispatch_log"."status" = 'sending') = ("expiry"."reminder_dispatch_log"."lease_until" is not null)),
	CONSTRAINT "reminder_dispatch_log_sent_check" CHECK (("expiry"."reminder_dispatch_log"."status" = 'sent') = ("expiry"."reminder_dispatch_log"."sent_at" is not null)),
	CONSTRAINT "reminder_dispatch_log_status_reason_check" CHECK (case "expiry"."reminder_dispatch_log"."status" when 'failed' then "expiry"."reminder_dispatch_log"."status_reason" in ('no_recipient', 'rejected', 'attempts_exhausted')
        when 'superseded' then "expiry"."reminder_dispatch_log"."status_reason" in ('renewed', 'date_moved', 'not_eligible', 'lapsed', 'tighter_reminder')
        else true end and ("expiry"."reminder_dispatch_log"."status_reason" is not null or "expiry"."reminder_dispatch_log"."status" not in ('failed', 'superseded')))
);
--> statement-breakpoint
CREATE TABLE "expiry"."effective_thresholds" (
	"organisation_id" uuid NOT NULL,
	"threshold_day" integer NOT NULL,
	"urgency" "expiry"."reminder_urgency" NOT NULL,
	"escalate" boolean NOT NULL,
	"introduced_at" timestamp with time zone,
	"recorded_at" timestamp with time zone,
	CONSTRAINT "effective_thresholds_pkey" PRIMARY KEY("organisation_id","threshold_day")
);
--> statement-breakpoint
CREATE TABLE "expiry"."feature_flags" (
	"organisation_id" uuid NOT NULL,
	"flag" text NOT NULL,
	"enabled" boolean DEFAULT false NOT NULL,
	CONSTRAINT "feature_flags_pkey" PRIMARY KEY("organisation_id","flag"),
	CONSTRAINT "feature_flags_flag_check" CHECK ("expiry"."feature_flags"."flag" in ('per_organisation_thresholds'))
);
--> statement-breakpoint
CREATE TABLE "expiry"."reminder_thresholds" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "expiry"."reminder_thresholds_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"organisation_id" uuid,
	"threshold_day" integer NOT NULL,
	"urgency" "expiry"."reminder_urgency" NOT NULL,
	"escalate" boolean DEFAULT false NOT NULL,
	CONSTRAINT "reminder_thresholds_organisation_id_threshold_day_key" UNIQUE NULLS NOT DISTINCT("organisation_id","threshold_day"),
	CONSTRAINT "reminder_thresholds_threshold_day_check" CHECK ("expiry"."reminder_thresholds"."threshold_day" between 1 and 3650)
);
--> statement-breakpoint
ALTER TABLE "expiry"."certifications" ADD CONSTRAINT "certifications_mentor_id_mentors_id_fk" FOREIGN KEY ("mentor_id") REFERENCES "expiry"."mentors"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "expiry"."coordinators" ADD CONSTRAINT "coordinators_organisation_id_organisations_id_fk" FOREIGN KEY ("organisation_id") REFERENCES "expiry"."organisations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "expiry"."mentors" ADD CONSTRAINT "mentors_organisation_id_organisations_id_fk" FOREIGN KEY ("organisation_id") REFERENCES "expiry"."organisations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "expiry"."mentors" ADD CONSTRAINT "mentors_coordinator_fkey" FOREIGN KEY ("organisation_id","coordinator_id") REFERENCES "expiry"."coordinators"("organisation_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "expiry"."reminder_delivery_attempts" ADD CONSTRAINT "reminder_delivery_attempts_log_id_reminder_dispatch_log_id_fk" FOREIGN KEY ("log_id") REFERENCES "expiry"."reminder_dispatch_log"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "expiry"."reminder_dispatch_log" ADD CONSTRAINT "reminder_dispatch_log_organisation_id_organisations_id_fk" FOREIGN KEY ("organisation_id") REFERENCES "expiry"."organisations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "expiry"."reminder_dispatch_log" ADD CONSTRAINT "reminder_dispatch_log_mentor_id_mentors_id_fk" FOREIGN KEY ("mentor_id") REFERENCES "expiry"."mentors"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "expiry"."reminder_dispatch_log" ADD CONSTRAINT "reminder_dispatch_log_coordinator_id_coordinators_id_fk" FOREIGN KEY ("coordinator_id") REFERENCES "expiry"."coordinators"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "expiry"."reminder_dispatch_log" ADD CONSTRAINT "reminder_dispatch_log_certification_id_certifications_id_fk" FOREIGN KEY ("certification_id") REFERENCES "expiry"."certifications"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "expiry"."reminder_dispatch_log" ADD CONSTRAINT "reminder_dispatch_log_run_id_expiry_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "expiry"."expiry_runs"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "expiry"."effective_thresholds" ADD CONSTRAINT "effective_thresholds_organisation_id_organisations_id_fk" FOREIGN KEY ("organisation_id") REFERENCES "expiry"."organisations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "expiry"."feature_flags" ADD CONSTRAINT "feature_flags_organisation_id_organisations_id_fk" FOREIGN KEY ("organisation_id") REFERENCES "expiry"."organisations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "expiry"."reminder_thresholds" ADD CONSTRAINT "reminder_thresholds_organisation_id_organisations_id_fk" FOREIGN KEY ("organisation_id") REFERENCES "expiry"."organisations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "expiry_runs_running_idx" ON "expiry"."expiry_runs" USING btree ("id") WHERE status = 'running';--> statement-breakpoint
CREATE INDEX "certification_history_mentor_id_idx" ON "expiry"."certification_history" USING btree ("mentor_id","id");--> statement-breakpoint
CREATE INDEX "certifications_expiry_date_idx" ON "expiry"."certifications" USING btree ("expiry_date","mentor_id");--> statement-breakpoint
CREATE INDEX "mentors_coordinator_id_idx" ON "expiry"."mentors" USING btree ("coordinator_id");--> statement-breakpoint
CREATE UNIQUE INDEX "reminder_delivery_attempts_accepted_idx" ON "expiry"."reminder_delivery_attempts" USING btree ("log_id","channel") WHERE outcome = 'accepted';--> statement-breakpoint
CREATE INDEX "reminder_dispatch_log_pending_idx" ON "expiry"."reminder_dispatch_log" USING btree ("threshold_day","id") WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX "reminder_dispatch_log_queued_idx" ON "expiry"."reminder_dispatch_log" USING btree ("id") WHERE status = 'queued';--> statement-breakpoint
CREATE INDEX "reminder_dispatch_log_sending_idx" ON "expiry"."reminder_dispatch_log" USING btree ("lease_until") WHERE status = 'sending';--> statement-breakpoint
CREATE INDEX "reminder_dispatch_log_failed_idx" ON "expiry"."reminder_dispatch_log" USING btree ("mentor_id") WHERE status = 'failed';--> statement-breakpoint
CREATE INDEX "reminder_dispatch_log_superseded_idx" ON "expiry"."reminder_dispatch_log" USING btree ("certification_expiry_date","mentor_id") WHERE status = 'superseded' and status_reason <> 'tighter_reminder';