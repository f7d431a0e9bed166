-- Who may do what. Everything is owned by expiry_owner; nothing is open to public.
revoke all on all routines in schema expiry from public, expiry_app, expiry_service, expiry_reader;
revoke all on all tables in schema expiry from public, expiry_app, expiry_service, expiry_reader;
revoke all on schema expiry from public, expiry_app, expiry_service, expiry_reader;
grant usage on schema expiry to expiry_app, expiry_service, expiry_reader;

grant select on all tables in schema expiry to expiry_reader, expiry_service;
grant select on
  expiry.organisations, expiry.coordinators, expiry.mentors, expiry.certifications, expiry.certification_history,
  expiry.reminder_thresholds, expiry.feature_flags, expiry.effective_thresholds, expiry.clock_override,
  expiry.reminder_dispatch_log, expiry.reminder_delivery_attempts, expiry.expiry_runs, expiry.operations_alerts,
  expiry.mentor_status_transitions, expiry.backdated_expiries, expiry.portal_sync, expiry.held_expiries, expiry.mentor_standing,
  expiry.due_reminders, expiry.uncovered_reminders, expiry.duplicate_reminders
to expiry_app;
grant insert, update on expiry.coordinators, expiry.reminder_thresholds, expiry.feature_flags to expiry_app;
-- Not the id, by which its history and its reminders know a certification.
grant insert, update (mentor_id, expiry_date) on expiry.certifications to expiry_app;
-- Not what counts the changes of a status, nor a removal: remove_mentor hides first.
grant
  insert (id, organisation_id, coordinator_id, external_ref, portal_key, full_name, status, paused_until, created_at),
  update (organisation_id, coordinator_id, external_ref, portal_key, full_name, status, paused_until)
on expiry.mentors to expiry_app;
-- Not processed_on: a host that wrote it would stop its nights.
grant
  insert (id, slug, name, time_zone, locale, escalation_email, fallback_email, portal_enabled, send_from, send_until, mentor_url),
  update (slug, name, time_zone, locale, escalation_email, fallback_email, portal_enabled, send_from, send_until, mentor_url)
on expiry.organisations to expiry_app;

grant execute on function
  expiry.now(), expiry.today(uuid), expiry.local_time(timestamptz, text), expiry.is_time_zone(text),
  expiry.wait_for_hours(interval, date, date)
to expiry_app, expiry_service, expiry_reader;
grant execute on function
  expiry.forecast_reminders(integer, uuid), expiry.forecast_messages(integer, uuid), expiry.forecast_departures(integer, uuid),
  expiry.lagging_sequences()
to expiry_app, expiry_service, expiry_reader;
grant execute on function
  expiry.nightly_owed(), expiry.run_nightly(text), expiry.enqueue_due_reminders(integer, bigint),
  expiry.retry_reminder(bigint, text),
  expiry.transition_mentor_status(uuid, expiry.mentor_status, expiry.mentor_status, text, text),
  expiry.remove_mentor(uuid, text), expiry.request_portal_sync(uuid, text)
to expiry_app, expiry_service;
grant execute on function
  expiry.expire_lapsed_mentors(bigint), expiry.resume_elapsed_pauses(bigint), expiry.restore_renewed_mentors(bigint),
  expiry.approve_expiries(uuid, text), expiry.reject_expiries(uuid, text), expiry.delete_removed_mentors(uuid[]),
  expiry.settle_mentors(uuid[], expiry.reminder_source, boolean)
to expiry_service;
grant execute on function
  expiry.settle_portal_recheck(bigint), expiry.portal_queue_room(integer), expiry.claim_pending_portal_syncs(integer), expiry.queued_portal_syncs(uuid, integer, numeric),
  expiry.requeue_lost_portal_syncs(uuid[], bigint[]), expiry.rescue_stuck_portal_syncs(integer),
  expiry.begin_portal_sync(uuid, uuid, uuid, integer), expiry.record_portal_sync(uuid, bigint, integer, jsonb),
  expiry.hold_portal_worker(uuid, numeric, double precision), expiry.release_portal_worker(uuid),
  expiry.set_portal_gate(uuid, text, numeric), expiry.record_portal_health(uuid, uuid),
  expiry.warn_of_portal_secret(integer), expiry.release_parked_portal_syncs(text[]), expiry.ask_portal_reconciliation(text, boolean), expiry.begin_portal_reconciliation(uuid, uuid), expiry.portal_states(text[]),
  expiry.record_portal_differences(bigint, integer, uuid[], jsonb),
  expiry.close_portal_reconciliation(bigint, double precision, text),
  expiry.open_portal_break_glass(text, text, boolean, uuid[]), expiry.enter_portal_break_glass(bigint, uuid, boolean),
  expiry.close_portal_break_glass(bigint, text, text, integer, integer, integer, integer), expiry.ask_portal_patience(numeric)
to expiry_service;
grant execute on procedure expiry.nightly(text) to expiry_service;
grant execute on function
  expiry.ensure_time_zones(), expiry.note_nightly_call(text), expiry.open_nightly_run(text, boolean), expiry.nightly_phases(),
  expiry.run_nightly_phase(bigint, text),
  expiry.close_nightly_run(bigint), expiry.holds_nightly_lock()
to expiry_service; -- what the procedure, which commits and so runs as its caller, is made of
grant execute on function
  expiry.reminder_queue_room(integer), expiry.claim_pending_reminders(integer),
  expiry.begin_reminder_delivery(bigint[], integer[], text[], integer),
  expiry.record_acceptances(jsonb), expiry.finish_reminder_delivery(jsonb, integer, integer, integer),
  expiry.rescue_stuck_reminders(integer), expiry.requeue_lost_reminders(bigint[], integer[]),
  expiry.queued_reminders(bigint, integer, numeric), expiry.settle_rechecks(integer), expiry.adopt_sent_reminders(jsonb),
  expiry.raise_alert(text, text, text, jsonb), expiry.resolve_alert(text),
  expiry.keep_alert(text, text, text, boolean, jsonb), expiry.check_operations(),
  expiry.hold_alert_leases(uuid, text[], numeric), expiry.release_alert_leases(uuid),
  expiry.begin_alert_notices(uuid, text[], numeric), expiry.begin_notices_of_alert(uuid, text[], bigint),
  expiry.record_alert_notice(uuid, text, bigint, text, integer, boolean, text, numeric, numeric)
to expiry_service;
