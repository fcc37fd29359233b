#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    authlib_fuzz::run("logout_token", data);
});
