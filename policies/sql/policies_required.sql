-- The policy versions in force at an instant that an order needs, and whether this user has accepted each.
--
-- Accepted is the version itself, or any earlier one of its policy with a standing acceptance (decisions 24, 25), or a
-- standing acceptance older than the policy itself: a document that is added later stops no program (terms.6.2).
CREATE OR REPLACE FUNCTION policies_required(p_user_id bigint, p_now timestamptz)
RETURNS TABLE (version_id bigint, accepted boolean) LANGUAGE sql STABLE AS $$
    SELECT current.id, EXISTS (
        SELECT FROM policies_acceptance AS theirs JOIN policies_policyversion AS earlier ON earlier.id = theirs.version_id
        WHERE theirs.user_id = p_user_id AND (
            earlier.id = current.id
            OR theirs.standing AND earlier.policy_id = current.policy_id AND earlier.effective_from <= current.effective_from
            OR theirs.standing AND theirs.at < (
                SELECT min(published_at) FROM policies_policyversion
                WHERE policy_id = current.policy_id AND status = 'published')))
    FROM policies_policy AS policy JOIN LATERAL (
        SELECT id, policy_id, effective_from FROM policies_policyversion AS version
        WHERE version.policy_id = policy.id AND status = 'published' AND effective_from <= p_now
        ORDER BY effective_from DESC LIMIT 1) AS current ON true
    WHERE policy.required_to_order
    ORDER BY policy.slug
$$;
