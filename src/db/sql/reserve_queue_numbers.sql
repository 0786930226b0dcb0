-- Reserves the next p_count queue numbers of a concert, for Redis to issue. No number is ever reserved twice.
-- Returns {first, last, fresh, settings}; fresh: the concert's first numbers, otherwise Redis may have lost data.
-- Returns null when there is no such concert.
create or replace function reserve_queue_numbers(p_concert_id uuid, p_count int) returns jsonb
language sql volatile as $$
  update concerts set queue_number_watermark = queue_number_watermark + p_count
  where id = p_concert_id
  returning jsonb_build_object(
    'first', queue_number_watermark - p_count + 1,
    'last', queue_number_watermark,
    'fresh', queue_number_watermark = p_count,
    'settings', queue_settings(concerts))
$$;
