#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    authlib_fuzz::run("oauth1_token", data);
});
