CREATE TABLE "expiry"."alert_lease" (
	"destination" text PRIMARY KEY NOT NULL,
	"holder" uuid NOT NULL,
	"until" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "expiry"."alert_notices" (
	"alert_id" bigint NOT NULL,
	"destination" text NOT NULL,
	"notices" integer DEFAULT 0 NOT NULL,
	"begun_at" timestamp with time zone,
	"told_at" timestamp with time zone,
	"cleared_at" timestamp with time zone,
	"available_at" timestamp with time zone DEFAULT now() NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	CONSTRAINT "alert_notices_pkey" PRIMARY KEY("alert_id","destination")
);
--> statement-breakpoint
ALTER TABLE "expiry"."alert_notices" ADD CONSTRAINT "alert_notices_alert_id_operations_alerts_id_fk" FOREIGN KEY ("alert_id") REFERENCES "expiry"."operations_alerts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "alert_notices_not_cleared_idx" ON "expiry"."alert_notices" USING btree ("destination","alert_id") WHERE cleared_at is null;--> statement-breakpoint
CREATE INDEX "expiry_runs_not_done_idx" ON "expiry"."expiry_runs" USING btree ("id") WHERE status <> 'done';