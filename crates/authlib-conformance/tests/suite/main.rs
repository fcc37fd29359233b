//! The behaviour suite, for every example app of the list at the end.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod attacks;
mod interop;
mod login;
mod oauth1;
mod provider;
mod settings;
mod tokens;
mod wire;

/// Makes a test of each case for each app. The list of cases stands once, so the numbers of all
/// frameworks are equal: a case that is left out of one framework is no program.
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
    rocket: "rocket-login";

    login: [
        t012_t042_t061_a_login_ends_where_it_began_with_a_profile_and_a_new_session,
        t019_t047_t071_a_form_post_callback_works_with_a_lax_cookie_and_shows_errors,
        t013_t043_t063_a_refusal_is_a_403_without_another_try,
        tabs_and_clients_with_a_common_prefix_do_not_disturb_each_other,
        a_slow_login_in_one_tab_leaves_the_others_alone,
        a_login_that_begins_while_another_ends_is_kept,
        t024_t051_t072_a_logout_ends_the_session_here_and_at_the_provider,
        t030_to_t032_t054_to_t056_t075_to_t077_a_way_back_from_a_logout_counts_once,
        t028_t053_t074_a_logout_is_local_where_the_provider_has_none,
        errors_are_html_or_json_and_nothing_is_cached,
        t001_t006_t038_t057_an_unknown_client_is_a_404_and_an_unknown_page_too,
        the_next_page_is_never_another_site,
        a_provider_error_is_shown_escaped,
    ],
    attacks: [
        t062_a_callback_in_another_browser_logs_nobody_in,
        a_callback_counts_once_even_when_it_comes_twice_at_once,
        head_and_prefetch_do_not_spend_the_login,
        t023_spoilt_callbacks_are_refused_and_spend_the_login,
        large_callbacks_are_refused_unread,
        a_forged_host_does_not_change_the_redirect_uri,
        a_session_fixed_before_the_login_is_worthless_after_it,
        garbage_in_the_session_cookie_is_anonymous,
        no_secret_is_ever_logged,
        tokens_do_not_leave_the_api,
    ],
    provider: [
        t034_t083_wrong_id_tokens_are_400,
        broken_answers_are_502,
        broken_metadata_are_502_before_anything_is_sent,
        a_provider_that_is_down_is_a_502_and_the_app_lives_on,
        slow_and_endless_answers_cost_bounded_time,
        t037_t085_keys_may_rotate_at_any_moment,
        t035_a_token_without_a_nonce_is_taken_by_the_settings_and_not_by_its_own_word,
        t036_t084_without_a_key_set_no_id_token_is_believed,
        unusual_answers_are_accepted,
        unknown_keys_do_not_make_us_hammer_the_provider,
    ],
    tokens: [
        an_api_call_carries_the_token_and_returns_the_answer,
        t021_an_expired_token_is_refreshed_once_for_all_who_wait,
        a_refused_refresh_is_a_401_and_not_repeated,
        a_refreshed_id_token_of_another_user_is_refused,
        nobody_logged_in_is_a_401,
        t033_user_info_comes_from_the_provider,
    ],
    settings: [
        t002_t040_t058_id_and_secret_may_come_from_the_environment_alone,
        t003_t039_t059_the_environment_wins_over_the_file_entry_by_entry,
        t014_a_preset_brings_its_authorization_endpoint,
        t016_t068_without_an_authorization_endpoint_the_app_does_not_start,
    ],
    wire: [
        t015_t069_document_and_keys_are_one_request_each_with_the_librarys_user_agent,
        t016_t070_the_document_says_where_to_log_in,
        t017_t044_t064_the_verifier_fits_the_challenge_of_its_own_login,
        t018_t046_the_id_token_repeats_the_nonce_of_the_url,
    ],
    oauth1: [
        t007_t009_t041_t060_a_login_ends_with_a_profile_of_what_the_token_answer_said,
        api_calls_are_signed_for_the_user,
        user_info_is_signed_and_about_the_user,
        a_refusal_is_a_403_in_json_and_html,
        a_callback_counts_once_and_in_its_own_browser,
        spoilt_oauth1_callbacks_are_400,
        broken_answers_are_502,
        the_secret_of_a_login_stays_on_the_server,
        a_logout_is_local,
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
        a_refusal_at_the_provider_is_a_403,
        oauth1_by_hmac_sha1_in_the_header,
        oauth1_by_rsa_sha1_in_the_query,
        oauth1_by_hmac_sha256_in_the_header,
        an_oauth1_refusal_is_a_403,
    ],
}

#[test]
fn no_example_app_is_left_out_of_the_suite() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    let mut apps = Vec::new();
    for entry in std::fs::read_dir(examples).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        // The command-line program is no web application.
        apps.extend(Some(name).filter(|name| name.ends_with("-login") && name != "cli-login"));
    }
    apps.sort();
    let mut held = APPS.to_vec();
    held.sort();
    assert_eq!(held, apps);
}
