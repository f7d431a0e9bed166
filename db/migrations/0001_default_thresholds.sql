insert into expiry.reminder_thresholds (threshold_day, urgency, escalate)
values (30, 'notice', false), (14, 'warning', false), (7, 'urgent', true);
--> statement-breakpoint
insert into expiry.nightly_schedule (scheduler, schedule) values ('service', '15 * * * *');
