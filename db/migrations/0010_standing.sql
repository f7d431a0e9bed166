CREATE TABLE "expiry"."backdated_expiries" (
	"mentor_id" uuid PRIMARY KEY NOT NULL,
	"organisation_id" uuid NOT NULL,
	"admitted_date" date,
	"verdict" text DEFAULT 'undecided' NOT NULL,
	"recorded_at" timestamp with time zone NOT NULL,
	"decided_by" text,
	"decided_at" timestamp with time zone,
	CONSTRAINT "backdated_expiries_verdict_check" CHECK ("expiry"."backdated_expiries"."verdict" in ('undecided', 'admitted', 'held', 'approved', 'rejected') and ("expiry"."backdated_expiries"."admitted_date" is not null or "expiry"."backdated_expiries"."verdict" = 'admitted'))
);
--> statement-breakpoint
CREATE TABLE "expiry"."mentor_status_transitions" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "expiry"."mentor_status_transitions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"mentor_id" uuid NOT NULL,
	"organisation_id" uuid NOT NULL,
	"from_status" "expiry"."mentor_status" NOT NULL,
	"to_status" "expiry"."mentor_status" NOT NULL,
	"reason" text NOT NULL,
	"actor" text NOT NULL,
	"run_id" bigint,
	"was_visible" boolean NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "expiry"."portal_sync" (
	"mentor_id" uuid PRIMARY KEY NOT NULL,
	"desired_version" bigint DEFAULT 1 NOT NULL,
	"desired" jsonb,
	"synced_version" bigint DEFAULT 0 NOT NULL,
	"synced_at" timestamp with time zone,
	"status" text DEFAULT 'pending' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	CONSTRAINT "portal_sync_version_check" CHECK ("expiry"."portal_sync"."synced_version" <= "expiry"."portal_sync"."desired_version")
);
--> statement-breakpoint
ALTER TABLE "expiry"."mentors" ADD COLUMN "removal_requested_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "expiry"."mentors" ADD COLUMN "removal_requested_by" text;--> statement-breakpoint
ALTER TABLE "expiry"."organisations" ADD COLUMN "brake_mentors" integer DEFAULT 3 NOT NULL;--> statement-breakpoint
ALTER TABLE "expiry"."organisations" ADD COLUMN "brake_share" numeric(4, 3) DEFAULT '0.2' NOT NULL;--> statement-breakpoint
ALTER TABLE "expiry"."backdated_expiries" ADD CONSTRAINT "backdated_expiries_mentor_id_mentors_id_fk" FOREIGN KEY ("mentor_id") REFERENCES "expiry"."mentors"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "expiry"."portal_sync" ADD CONSTRAINT "portal_sync_mentor_id_mentors_id_fk" FOREIGN KEY ("mentor_id") REFERENCES "expiry"."mentors"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "backdated_expiries_organisation_id_idx" ON "expiry"."backdated_expiries" USING btree ("organisation_id","recorded_at");--> statement-breakpoint
CREATE INDEX "mentor_status_transitions_mentor_id_idx" ON "expiry"."mentor_status_transitions" USING btree ("mentor_id","id");--> statement-breakpoint
CREATE INDEX "mentors_paused_until_idx" ON "expiry"."mentors" USING btree ("paused_until") WHERE status = 'paused';--> statement-breakpoint
CREATE INDEX "mentors_expired_idx" ON "expiry"."mentors" USING btree ("id") WHERE status = 'certification_expired';--> statement-breakpoint
CREATE INDEX "mentors_removal_idx" ON "expiry"."mentors" USING btree ("id") WHERE removal_requested_at is not null;--> statement-breakpoint
ALTER TABLE "expiry"."organisations" ADD CONSTRAINT "organisations_brake_check" CHECK ("expiry"."organisations"."brake_mentors" >= 0 and "expiry"."organisations"."brake_share" between 0 and 1);