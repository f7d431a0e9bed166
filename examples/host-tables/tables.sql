-- The tables of an imagined host application, such as one on Supabase: people in `public`, under names of its own, and any
-- number of certificates a mentor, of which the one that is valid longest counts.
create table public.clubs (
  id uuid primary key default gen_random_uuid(),
  slug text not null unique,
  title text not null
);
create table public.staff (
  id uuid primary key default gen_random_uuid(),
  club_id uuid not null references public.clubs,
  display_name text not null,
  email text,
  left_on date
);
create table public.peer_mentors (
  id uuid primary key default gen_random_uuid(),
  club_id uuid not null references public.clubs,
  looked_after_by uuid references public.staff,
  display_name text not null,
  state text not null default 'serving' check (state in ('serving', 'on_leave', 'retired')),
  leave_until date
);
create table public.certificates (
  id uuid primary key default gen_random_uuid(),
  peer_mentor_id uuid not null references public.peer_mentors on delete cascade,
  valid_until date not null
);
