-- The policy versions in force at an instant that an order needs, and how this user stands to each.
--
-- accepted: the version itself was accepted; an order in the browser needs this. covered: an order by key may be placed under
-- it, because the user has a key that is not revoked and a standing acceptance of an earlier version of its policy (decisions
-- 24, 25), or one older than the policy itself: a document that is added later stops no program (terms.6.2).
--
-- Dropped first, as its columns are not those of the function that an earlier migration made of this file.
DROP FUNCTION IF EXISTS policies_required(bigint, timestamptz);
CREATE FUNCTION policies_required(p_user_id bigint, p_now timestamptz)
RETURNS TABLE (version_id bigint, accepted boolean, covered boolean) LANGUAGE sql STABLE AS $$
    SELECT current.id,
        EXISTS (SELECT FROM policies_acceptance WHERE user_id = p_user_id AND policies_acceptance.version_id = current.id),
        EXISTS (SELECT FROM accounts_apikey WHERE user_id = p_user_id AND revoked_at IS NULL) AND EXISTS (
            SELECT FROM policies_acceptance AS theirs JOIN policies_policyversion AS earlier ON earlier.id = theirs.version_id
            WHERE theirs.user_id = p_user_id AND theirs.standing AND (
                earlier.policy_id = current.policy_id AND earlier.effective_from <= current.effective_from
                OR theirs.at < (
                    SELECT min(published_at) FROM policies_policyversion
                    WHERE policy_id = current.policy_id AND status = 'published')))
    FROM policies_policy AS policy JOIN LATERAL (
        SELECT id, policy_id, effective_from FROM policies_policyversion AS version
        WHERE version.policy_id = policy.id AND status = 'published' AND effective_from <= p_now
        ORDER BY effective_from DESC LIMIT 1) AS current ON true
    WHERE policy.required_to_order
    ORDER BY policy.slug
$$;
