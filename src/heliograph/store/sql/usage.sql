-- What has been used of quotas.

-- used --
-- What has been used in these windows; the places of those that were used.
SELECT json_group_array(json_array(w.key, u.units)) FROM json_each(?1) AS w
CROSS JOIN usage AS u
    ON u.company_id = w.value ->> 'company_id' AND u.scope = w.value ->> 'scope'
    AND u.starts_at = w.value ->> 'starts_at' AND u.ends_at = w.value ->> 'ends_at';

-- usage --
-- All windows of a company's that have not ended.
SELECT json_group_array(
    json_object(
        'company_id', company_id, 'scope', scope, 'starts_at', starts_at, 'ends_at', ends_at, 'units', units
    )
    ORDER BY scope, starts_at, ends_at
) FROM usage WHERE company_id = ?1 AND ends_at > ?2;

-- prune_usage --
-- Forget windows that have ended, the oldest first.
DELETE FROM usage WHERE (company_id, scope, starts_at, ends_at) IN (
    SELECT company_id, scope, starts_at, ends_at FROM usage WHERE ends_at <= ?1 ORDER BY ends_at LIMIT ?2
);

-- usage_ended --
-- Whether any window has ended.
SELECT 1 FROM usage WHERE ends_at <= ?1 LIMIT 1;
