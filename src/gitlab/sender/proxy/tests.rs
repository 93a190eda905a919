use super::*;

const PROXY: &str = "http://proxy.example:3128";

/// Returns the proxy that these variables select for this URL.
fn chosen(base_url: &str, variables: &[(&str, &str)]) -> Result<Option<Proxy>, ProxyError> {
    let environment = |name: &str| {
        let (_, value) = variables.iter().find(|(variable, _)| *variable == name)?;
        Some((*value).to_owned()).filter(|value| !value.is_empty())
    };
    Proxy::from_environment(&BaseUrl::parse(base_url).unwrap(), &environment)
}

#[track_caller]
fn name(base_url: &str, variables: &[(&str, &str)]) -> Option<String> {
    chosen(base_url, variables).unwrap().map(|proxy| proxy.to_string())
}

#[test]
fn url_scheme_chooses_the_variable() {
    let all = [("HTTP_PROXY", "http://for-http"), ("HTTPS_PROXY", "http://for-https")];
    assert_eq!(name("http://gitlab.test", &all).unwrap(), "http://for-http");
    assert_eq!(name("https://gitlab.test", &all).unwrap(), "http://for-https");
    assert_eq!(name("https://gitlab.test", &all[..1]), None);
    assert_eq!(name("http://gitlab.test", &all[1..]), None);
    assert_eq!(name("https://gitlab.test", &[("ALL_PROXY", PROXY), ("all_proxy", PROXY)]), None);
    assert_eq!(name("https://gitlab.test", &[]), None);
}

#[test]
fn upper_case_comes_before_lower_case() {
    for (upper, lower, chosen) in [
        ("http://upper", "http://lower", Some("http://upper")),
        ("", "http://lower", Some("http://lower")),
        ("http://upper", "", Some("http://upper")),
        ("", "", None),
    ] {
        let variables = [("https_proxy", lower), ("HTTPS_PROXY", upper)];
        assert_eq!(name("https://gitlab.test", &variables).as_deref(), chosen);
        let exceptions = [
            ("HTTPS_PROXY", PROXY),
            ("no_proxy", &lower.replace("http", "x")),
            ("NO_PROXY", upper),
        ];
        assert_eq!(name("https://gitlab.test", &exceptions).as_deref(), Some(PROXY));
    }
    let exceptions =
        [("HTTPS_PROXY", PROXY), ("NO_PROXY", "other.test"), ("no_proxy", "gitlab.test")];
    assert_eq!(name("https://gitlab.test", &exceptions).as_deref(), Some(PROXY));
    let exceptions = [("HTTPS_PROXY", PROXY), ("NO_PROXY", ""), ("no_proxy", "gitlab.test")];
    assert_eq!(name("https://gitlab.test", &exceptions), None);
}

#[test]
fn proxy_url_may_omit_its_scheme() {
    for (text, shown, address) in [
        ("http://proxy.example:3128", "http://proxy.example:3128", "http://proxy.example:3128/"),
        ("http://proxy.example:3128/", "http://proxy.example:3128", "http://proxy.example:3128/"),
        (" http://proxy.example\n", "http://proxy.example", "http://proxy.example/"),
        ("proxy.example:3128", "http://proxy.example:3128", "http://proxy.example:3128/"),
        ("proxy.example", "http://proxy.example", "http://proxy.example/"),
        ("10.0.0.1:3128", "http://10.0.0.1:3128", "http://10.0.0.1:3128/"),
        ("[fd00::1]:3128", "http://[fd00::1]:3128", "http://[fd00::1]:3128/"),
        ("HTTPS://Proxy.Example", "https://proxy.example", "https://proxy.example/"),
        ("http://me:p%40ss@proxy:3128", "http://proxy:3128", "http://me:p%40ss@proxy:3128/"),
        ("me:p%40ss@proxy:3128", "http://proxy:3128", "http://me:p%40ss@proxy:3128/"),
        ("http://me@proxy", "http://proxy", "http://me@proxy/"),
        ("socks5://proxy", "socks5://proxy", "socks5h://proxy"),
        ("socks5://me:x@proxy:1080", "socks5://proxy:1080", "socks5h://me:x@proxy:1080"),
        ("socks5h://proxy:1080", "socks5h://proxy:1080", "socks5h://proxy:1080"),
    ] {
        let proxy = chosen("https://gitlab.test", &[("HTTPS_PROXY", text)]).unwrap().unwrap();
        assert_eq!(
            (proxy.to_string().as_str(), proxy.address().as_str()),
            (shown, address),
            "{text}"
        );
        let (display, debug) = (proxy.to_string(), format!("{proxy:?}"));
        assert!(!display.contains("p%40ss") && !debug.contains("p%40ss"), "{debug}");
        assert!(reqwest::Proxy::all(proxy.address()).is_ok(), "{text}");
    }
}

#[test]
fn malformed_proxy_url_is_an_error_without_the_value() {
    for text in [
        "http://",
        "http://:3128",
        "http://me:hush/hush@proxy:3128",
        "http://me:hush#hush@proxy:3128",
        "http://me:hush?hush@proxy:3128",
        "http://me:1/hush@proxy:3128",
        "http://me:1?hush@proxy",
        "http://me:hush@proxy:port",
        "http://me:hush@proxy:99999",
        "http://me:hush@pro xy",
        "http://me:hush@pro\nxy",
        "http://me:hush@pro\"xy",
        "http://me:hush@{proxy}",
        "http://[::1",
        "socks5://me:hush@pro%78y",
        "/hush",
        "http://me:hush%zz@proxy",
        "http://me:hush%4@proxy",
        "http:me:hush@proxy:1",
        "HTTPS:me:hush@proxy",
    ] {
        let error = chosen("https://gitlab.test", &[("https_proxy", text)]).unwrap_err();
        assert_eq!(error, ProxyError::NotAnAddress("https_proxy"), "{text}");
        assert!(error.to_string().starts_with("`https_proxy` isn't the address of a proxy"));
        assert!(!error.to_string().contains("hush"));
        let unused = [("https_proxy", text), ("NO_PROXY", "gitlab.test")];
        assert_eq!(chosen("https://gitlab.test", &unused), Ok(None));
        assert_eq!(chosen("http://gitlab.test", &unused), Ok(None));
    }
    for text in ["ftp://proxy", "socks4://proxy", "socks://proxy:1080", "file://proxy"] {
        let error = chosen("https://gitlab.test", &[("HTTPS_PROXY", text)]).unwrap_err();
        assert_eq!(error, ProxyError::Scheme("HTTPS_PROXY"), "{text}");
    }
}

#[test]
fn http_proxy_is_rejected_in_a_cgi_program() {
    let cgi = ("REQUEST_METHOD", "GET");
    for variable in ["HTTP_PROXY", "http_proxy"] {
        let error = chosen("http://gitlab.test", &[(variable, PROXY), cgi]).unwrap_err();
        assert_eq!(error, ProxyError::Cgi(variable));
        assert_eq!(name("http://gitlab.test", &[cgi, (variable, "")]), None);
    }
    assert_eq!(name("http://127.0.0.1", &[("HTTP_PROXY", PROXY), cgi]), None);
    assert_eq!(name("https://gitlab.test", &[("HTTPS_PROXY", PROXY), cgi]).as_deref(), Some(PROXY));
}

#[test]
fn this_machine_is_reached_directly() {
    for base_url in [
        "http://localhost",
        "https://localhost:8443",
        "https://LOCALHOST",
        "https://127.0.0.1",
        "https://127.1.2.3:8443",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]:8443",
    ] {
        let variables = [("HTTP_PROXY", PROXY), ("HTTPS_PROXY", PROXY)];
        assert_eq!(name(base_url, &variables), None, "{base_url}");
    }
    for base_url in ["https://localhost.example", "https://gitlab.localhost"] {
        assert!(name(base_url, &[("HTTPS_PROXY", PROXY)]).is_some(), "{base_url}");
    }
}

/// Each row was verified with Go 1.26.
#[test]
fn no_proxy_follows_the_rules_of_go() {
    const DIRECT: bool = true;
    const PROXIED: bool = false;
    for (list, base_url, expected) in [
        ("example.com", "https://example.com", DIRECT),
        ("example.com", "https://git.example.com", DIRECT),
        ("example.com", "https://a.git.example.com", DIRECT),
        ("example.com", "https://notexample.com", PROXIED),
        ("example.com", "https://example.com.evil.test", PROXIED),
        ("EXAMPLE.com", "https://Git.Example.COM", DIRECT),
        ("git.example.com", "https://example.com", PROXIED),
        (".example.com", "https://example.com", PROXIED),
        (".example.com", "https://git.example.com", DIRECT),
        ("*.example.com", "https://example.com", PROXIED),
        ("*.example.com", "https://git.example.com", DIRECT),
        ("*example.com", "https://git.example.com", PROXIED),
        ("git.*.com", "https://git.example.com", PROXIED),
        ("example.com:443", "https://example.com", DIRECT),
        ("example.com:443", "https://git.example.com:443", DIRECT),
        ("example.com:443", "https://example.com:8443", PROXIED),
        ("example.com:8443", "https://example.com:8443", DIRECT),
        ("example.com:80", "http://example.com", DIRECT),
        ("example.com:80", "https://example.com", PROXIED),
        ("example.com:", "https://example.com:8443", DIRECT),
        (".example.com:8443", "https://git.example.com:8443", DIRECT),
        (".example.com:8443", "https://git.example.com", PROXIED),
        ("*.example.com:8443", "https://git.example.com:8443", DIRECT),
        ("https://example.com", "https://example.com", PROXIED),
        ("example.com/", "https://example.com", PROXIED),
        ("example.com.", "https://example.com", PROXIED),
        ("example.com", "https://example.com.", PROXIED),
        ("com", "https://example.com", DIRECT),
        ("*", "https://example.com", DIRECT),
        ("*", "https://10.0.0.1", DIRECT),
        ("other.test,*", "https://example.com", DIRECT),
        ("*:443", "https://example.com", PROXIED),
        ("other.test, example.com", "https://example.com", DIRECT),
        ("other.test,\texample.com ,", "https://example.com", DIRECT),
        ("other.test example.com", "https://example.com", PROXIED),
        ("other.test;example.com", "https://example.com", PROXIED),
        (" , ,", "https://example.com", PROXIED),
        (".", "https://example.com", PROXIED),
        ("*.", "https://example.com", PROXIED),
        (":443", "https://example.com", PROXIED),
        ("bücher.example", "https://bücher.example", DIRECT),
        (".bücher.example", "https://git.xn--bcher-kva.example", DIRECT),
        ("xn--bcher-kva.example", "https://bücher.example", DIRECT),
        ("10.0.0.1", "https://10.0.0.1", DIRECT),
        ("10.0.0.1", "https://10.0.0.10", PROXIED),
        ("10.0.0.1", "https://10.0.0.1:8443", DIRECT),
        ("10.0.0.1:443", "https://10.0.0.1", DIRECT),
        ("10.0.0.1:443", "https://10.0.0.1:8443", PROXIED),
        ("10.0.0.1:", "https://10.0.0.1:8443", DIRECT),
        ("0.0.1", "https://10.0.0.1", PROXIED),
        (".0.0.1", "https://10.0.0.1", PROXIED),
        ("10.0.0.*", "https://10.0.0.1", PROXIED),
        ("10.0.0.1.", "https://10.0.0.1", PROXIED),
        ("::ffff:10.0.0.1", "https://10.0.0.1", DIRECT),
        ("10.0.0.1", "https://[::ffff:10.0.0.1]", DIRECT),
        ("10.0.0.0/8", "https://10.9.8.7", DIRECT),
        ("10.9.8.7/8", "https://10.0.0.1", DIRECT),
        ("10.0.0.0/8", "https://11.0.0.1", PROXIED),
        ("10.0.0.0/8", "https://10.9.8.7:8443", DIRECT),
        ("10.0.0.0/8:443", "https://10.9.8.7", PROXIED),
        ("10.0.0.0/33", "https://10.0.0.0", PROXIED),
        ("10.0.0.0/8", "https://[::ffff:10.9.8.7]", DIRECT),
        ("0.0.0.0/0", "https://10.9.8.7", DIRECT),
        ("0.0.0.0/0", "https://example.com", PROXIED),
        ("0.0.0.0/0", "https://[2001:db8::1]", PROXIED),
        ("2001:db8::1", "https://[2001:db8::1]", DIRECT),
        ("2001:DB8:0::1", "https://[2001:db8::1]:8443", DIRECT),
        ("2001:db8::1", "https://[2001:db8::2]", PROXIED),
        ("[2001:db8::1]", "https://[2001:db8::1]", PROXIED),
        ("[2001:db8::1]:443", "https://[2001:db8::1]", DIRECT),
        ("[2001:db8::1]:443", "https://[2001:db8::1]:8443", PROXIED),
        ("2001:db8::/32", "https://[2001:db8:1::1]", DIRECT),
        ("2001:db8::/32", "https://[2001:db9::1]", PROXIED),
        ("[2001:db8::/32]", "https://[2001:db8::1]", PROXIED),
        ("127.0.0.1,localhost", "https://example.com", PROXIED),
    ] {
        let variables = [("HTTP_PROXY", PROXY), ("HTTPS_PROXY", PROXY), ("NO_PROXY", list)];
        let direct = name(base_url, &variables).is_none();
        assert_eq!(direct, expected, "{list:?} and {base_url}");
    }
}

#[test]
fn password_is_a_secret_in_all_encodings() {
    let secrets = |text: &str| {
        let proxy = chosen("https://gitlab.test", &[("HTTPS_PROXY", text)]).unwrap().unwrap();
        proxy.secrets()
    };
    assert_eq!(secrets("http://me:p%40ss@proxy:3128"), ["p%40ss", "p@ss", "me:p@ss"]);
    assert_eq!(secrets("http://me@proxy:3128"), [""; 0]);
}

#[test]
fn only_http_proxies_forward_plain_http() {
    let forwards = |base_url: &str, text: &str| {
        let proxy =
            chosen(base_url, &[("HTTPS_PROXY", text), ("HTTP_PROXY", text)]).unwrap().unwrap();
        proxy.forwards(&BaseUrl::parse(base_url).unwrap())
    };
    assert!(forwards("http://gitlab.test", "http://proxy"));
    assert!(forwards("http://gitlab.test", "https://proxy"));
    assert!(!forwards("http://gitlab.test", "socks5://proxy"));
    assert!(!forwards("https://gitlab.test", "http://proxy"));
}
