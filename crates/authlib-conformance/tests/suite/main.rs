//! The behaviour suite, for every example app in the list below.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod attacks;
mod connect;
mod deployment;
mod encryption;
mod ended_logins;
mod high_security;
mod identity;
mod initiated_login;
mod interop;
mod interop_fapi;
mod login;
mod mutual_tls;
mod oauth1;
mod other_providers;
mod pending;
mod profiles;
mod protected;
mod provider;
mod pushed_requests;
mod registration;
mod request_objects;
mod request_params;
mod requests;
mod response_types;
mod rp_cases;
mod settings;
mod signed_responses;
mod step_up;
mod storage;
mod tokens;
mod without_token;

/// Makes a test of each case for each app. All frameworks get the same list.
macro_rules! suite {
    ($($framework:ident: $package:literal),* $(,)?; $($module:ident: [$($case:ident),* $(,)?]),* $(,)?) => {
        const APPS: &[&str] = &[$($package),*];
        suite!(@apps [$($framework: $package),*] [$($module: [$($case),*]),*]);
    };
    (@apps [$($framework:ident: $package:literal),*] $cases:tt) => {
        $(mod $framework { suite!(@cases $package $cases); })*
    };
    (@cases $package:literal [$($module:ident: [$($case:ident),*]),*]) => {
        $(mod $module {
            $(#[tokio::test]
            async fn $case() {
                crate::$module::$case($package).await;
            })*
        })*
    };
}

suite! {
    axum: "axum-login",
    actix: "actix-login",
    rocket: "rocket-login",
    hyper: "hyper-login";

    login: [
        login_returns_to_start_with_profile_and_new_session,
        form_post_callback_works_with_lax_cookie,
        other_callback_params_are_readable_in_both_modes,
        access_denied_is_403_without_retry,
        configured_codes_of_cancelled_logins_are_403,
        tabs_and_clients_with_common_prefix_are_independent,
        slow_login_in_one_tab_does_not_affect_others,
        login_started_during_another_callback_is_kept,
        concurrent_callbacks_of_two_clients_log_in_with_both,
        logout_ends_local_and_provider_session,
        post_logout_redirect_is_accepted_once,
        logout_is_local_without_end_session_endpoint,
        logout_sends_configured_parameters,
        logout_of_cognito_returns_without_state,
        errors_are_html_or_json_and_never_cached,
        unknown_client_and_unknown_page_are_404,
        next_is_never_another_site,
        long_next_is_kept_and_a_longer_one_is_logged,
        clients_are_logged_at_startup,
        a_provider_error_is_shown_escaped,
    ],
    pending: [
        login_start_stores_nothing_on_the_server,
        login_ends_on_another_replica_with_the_same_keys,
        login_survives_a_restart_of_the_app,
    ],
    storage: [
        login_in_a_file_survives_a_restart,
        three_replicas_over_postgres_work_as_one,
        three_replicas_over_redis_work_as_one,
        stopped_postgres_is_503_until_it_is_back,
        stopped_redis_is_503_until_it_is_back,
    ],
    attacks: [
        callback_in_another_browser_does_not_log_in,
        concurrent_duplicate_callbacks_log_in_once,
        head_and_prefetch_keep_pending_login,
        invalid_callbacks_are_rejected_and_end_login,
        oversized_callbacks_are_rejected_unread,
        forged_host_does_not_change_redirect_uri,
        session_fixation_fails,
        garbage_session_cookie_is_anonymous,
        missing_and_unknown_session_cookies_are_told_apart,
        secrets_are_never_logged,
        tokens_are_sent_to_api_origin_only,
    ],
    identity: [
        numeric_subjects_keep_every_digit,
        numeric_oauth1_subjects_keep_every_digit,
        nested_subject_is_read_by_json_pointer,
        alias_of_issuer_is_the_same_user,
        accepted_issuers_have_users_of_their_own,
        tenant_must_be_signed_and_allowed,
        issuer_of_many_tenants_needs_a_tenant_setting,
    ],
    connect: [
        connected_account_leaves_user_until_disconnected,
        connection_is_finished_by_user_who_started_it,
        another_site_connects_and_disconnects_nothing,
        account_is_connected_to_one_user,
    ],
    initiated_login: [
        initiated_login_passes_hint_and_returns_to_target,
        initiated_login_checks_issuer_and_target,
    ],
    protected: [
        navigation_logs_in_and_returns_to_exact_url,
        other_requests_without_login_are_401_json,
        expired_token_is_refreshed_or_ends_login,
        provider_outage_is_503_and_not_anonymous,
        max_age_of_login_url_is_sent_to_provider,
    ],
    ended_logins: [
        back_channel_logout_ends_logins_of_sid_or_sub,
        invalid_logout_tokens_are_400_and_end_nothing,
        logout_token_is_accepted_once,
        front_channel_logout_needs_iss_and_sid,
        logout_everywhere_ends_logins_in_all_browsers,
        copied_session_ends_with_logout,
        login_ends_after_its_lifetime_or_idle_time,
        revalidation_ends_login_unless_it_is_an_outage,
    ],
    without_token: [
        login_keeps_chosen_claims_on_every_replica,
        login_without_token_ends_everywhere,
        login_without_token_works_over_a_sqlite_file,
        login_without_token_works_over_postgres,
        login_without_token_works_over_redis,
    ],
    deployment: [
        base_path_is_kept_behind_proxy_that_removes_it,
        base_path_is_kept_with_nested_routes,
        login_at_another_host_is_logged_once,
        location_is_percent_encoded,
        used_callback_leads_logged_in_user_on,
        callback_urls_are_not_logged,
        userinfo_request_follows_token_placement,
        api_path_is_forwarded_as_received,
        posted_form_is_forwarded_with_its_method,
        post_of_another_site_is_rejected,
        body_signature_of_a_get_is_a_logged_error,
        half_sent_requests_time_out,
        signal_finishes_running_requests,
    ],
    provider: [
        invalid_id_tokens_are_400,
        signed_userinfo_is_verified,
        broken_provider_responses_are_502,
        broken_metadata_is_502_before_any_request,
        provider_outage_is_502_and_app_survives,
        slow_and_endless_responses_are_bounded_in_time,
        key_rotation_is_followed_at_any_time,
        missing_nonce_is_accepted_by_configuration_only,
        id_token_is_rejected_without_key_set,
        unusual_valid_responses_are_accepted,
        unknown_keys_do_not_flood_jwks_endpoint,
        get_on_closed_connection_is_sent_once_more,
    ],
    pushed_requests: [
        pushed_request_leaves_client_and_request_uri_in_url,
        failed_push_is_502_and_nothing_is_sent_by_the_browser,
        push_is_required_or_switched_off_by_configuration,
    ],
    registration: [
        client_is_registered_at_the_start,
        issuer_is_found_by_webfinger,
        stored_registration_is_used_again,
        failed_registration_fails_startup,
    ],
    request_params: [
        claims_resources_and_details_are_sent,
        essential_acr_is_verified,
        distributed_claims_are_fetched_if_configured,
        invalid_request_params_fail_startup,
    ],
    encryption: [
        encrypted_messages_are_decrypted_and_verified,
        damaged_or_unsafe_encryption_is_refused,
        encryption_keys_are_checked_and_published,
    ],
    signed_responses: [
        login_works_with_a_signed_response_in_every_mode,
        invalid_signed_responses_are_400_before_token_request,
        missing_and_unrequested_signed_responses_are_400,
    ],
    request_objects: [
        signed_request_object_is_sent_by_value,
        request_object_is_served_once_configured_by_reference,
        unsigned_request_object_needs_a_dangerous_setting,
        request_object_is_pushed_without_other_parameters,
    ],
    response_types: [
        login_works_with_every_response_type_and_mode,
        front_channel_id_token_must_be_bound_and_valid,
        both_id_tokens_must_name_one_user,
        response_has_what_was_requested_and_nothing_else,
        unsafe_response_types_fail_startup,
    ],
    rp_cases: [
        claims_of_each_requested_scope_are_read,
        aggregated_claims_do_not_disturb_the_login,
        error_of_a_silent_login_is_shown,
        userinfo_after_a_refresh_has_the_new_token,
        login_works_with_every_authentication_method,
        app_behind_tls_has_https_urls_and_secure_cookies,
    ],
    step_up: [
        navigation_logs_in_as_the_api_requires_and_returns,
        scripts_are_told_what_the_api_requires,
        login_that_is_not_what_the_api_requires_fails,
        token_that_is_refused_again_ends_with_an_error_page,
    ],
    high_security: [
        dpop_login_and_api_call_use_server_nonces,
        dpop_downgrade_and_endless_nonces_are_refused,
        fapi2_is_one_setting_and_refuses_what_it_forbids,
    ],
    mutual_tls: [
        certificate_authenticates_login_refresh_and_api,
        login_fails_without_the_registered_certificate,
        unusable_certificate_fails_startup,
    ],
    profiles: [
        fapi2_login_has_tokens_bound_by_dpop_or_certificate,
        fapi2_login_works_without_openid,
        fapi2_login_requests_authorization_details,
        fapi2_message_signing_login_signs_both_directions,
        fapi1_advanced_login_has_a_signed_response,
        fapi1_advanced_login_works_with_a_pushed_request,
        responses_that_profiles_forbid_are_refused,
        invalid_messages_stop_every_fapi_login,
        unusual_valid_messages_finish_every_fapi_login,
        forbidden_settings_of_profiles_fail_startup,
    ],
    tokens: [
        refresh_route_refreshes_now_or_is_401,
        api_call_sends_token_and_returns_response,
        concurrent_requests_share_one_refresh,
        refresh_is_stored_when_the_browser_hangs_up,
        refresh_is_finished_before_the_process_ends,
        rejected_refresh_is_401_without_retry,
        bare_401_refreshes_once_if_configured,
        refresh_that_needs_the_user_is_401_without_retry,
        outage_logs_nobody_out,
        refreshed_id_token_of_another_user_is_rejected,
        odd_refreshed_id_token_loses_no_login,
        second_login_keeps_refresh_token_of_same_user,
        anonymous_api_call_is_401,
        userinfo_is_fetched_from_provider,
    ],
    settings: [
        environment_alone_provides_id_and_secret,
        environment_overrides_file_per_setting,
        preset_provides_authorization_endpoint,
        built_in_hooks_are_enabled_by_file_and_environment,
        missing_authorization_endpoint_fails_startup,
        clock_skew_is_a_bounded_setting,
        empty_secret_is_sent_by_basic_if_configured,
        public_keys_of_the_client_are_served,
        secret_of_a_file_changes_without_a_restart,
        next_key_is_published_before_it_signs,
    ],
    requests: [
        metadata_and_keys_are_fetched_once_with_user_agent,
        metadata_document_provides_authorization_endpoint,
        pkce_verifier_matches_challenge_of_its_login,
        id_token_repeats_nonce_of_authorization_url,
    ],
    oauth1: [
        oauth1_login_profile_comes_from_token_response,
        api_calls_are_signed_with_user_token,
        userinfo_request_is_signed_with_user_token,
        denial_is_403_in_json_and_html,
        callback_is_accepted_once_in_its_own_browser,
        invalid_oauth1_callbacks_are_400,
        broken_provider_responses_are_502,
        token_secret_of_pending_login_stays_on_server,
        oauth1_logout_is_local,
    ],
    interop: [
        rs256_with_client_secret_basic,
        es256_with_client_secret_post,
        eddsa_as_a_public_client,
        ps256_with_client_secret_basic,
        rs256_with_client_secret_jwt,
        es256_with_private_key_jwt,
        ps256_with_private_key_jwt,
        eddsa_with_private_key_jwt,
        pushed_signed_requests_and_signed_responses,
        signed_request_with_hybrid_response,
        encrypted_tokens_and_requests,
        denied_consent_is_403,
        oauth1_by_hmac_sha1_in_the_header,
        oauth1_by_rsa_sha1_in_the_query,
        oauth1_by_hmac_sha256_in_the_header,
        oauth1_denial_is_403,
    ],
    interop_fapi: [
        dpop_with_nonces_of_oidc_provider,
        mutual_tls_at_oidc_provider,
        fapi2_at_oidc_provider,
        fapi2_message_signing_at_oidc_provider,
        fapi1_advanced_at_oidc_provider,
    ],
    other_providers: [
        oidc_provider,
        django_oauth_toolkit,
        better_auth,
        oauth2_mock_server,
        idpyoidc,
        pyop,
        doorkeeper,
        doorkeeper_sign_in_elsewhere_keeps_login,
        lemonldap,
    ],
}

#[test]
fn suite_covers_every_example_app() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    let mut apps = Vec::new();
    for entry in std::fs::read_dir(examples).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        // The command-line app is not a web application.
        apps.extend(Some(name).filter(|name| name.ends_with("-login") && name != "cli-login"));
    }
    apps.sort();
    let mut held = APPS.to_vec();
    held.sort();
    assert_eq!(held, apps);
}
