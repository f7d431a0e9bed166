ALTER TABLE "expiry"."organisations" ADD COLUMN "send_from" time DEFAULT '07:00';--> statement-breakpoint
ALTER TABLE "expiry"."organisations" ADD COLUMN "send_until" time DEFAULT '21:00';--> statement-breakpoint
ALTER TABLE "expiry"."organisations" ADD COLUMN "mentor_url" text;--> statement-breakpoint
ALTER TABLE "expiry"."reminder_dispatch_log" ADD COLUMN "in_sending_hours" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "expiry"."reminder_dispatch_log" ADD COLUMN "may_have_reached" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "expiry"."organisations" ADD CONSTRAINT "organisations_sending_hours_check" CHECK (("expiry"."organisations"."send_from" is null) = ("expiry"."organisations"."send_until" is null) and "expiry"."organisations"."send_until" - "expiry"."organisations"."send_from" >= interval '1 hour');--> statement-breakpoint
ALTER TABLE "expiry"."organisations" ADD CONSTRAINT "organisations_mentor_url_check" CHECK ("expiry"."organisations"."mentor_url" ~ '^https?://[^[:space:][:cntrl:]<>"{}/?#@\\]+([/?#]([^[:space:][:cntrl:]<>"{}\\]|[{](ref|id)[}])*)?$');