//! Policies over everything there is to choose.

use serde_json::{Map, Value, json};
use unblended::{CostBasis, Dialect, LineItemKind};

use super::random::Random;
use super::rows::{ACCOUNTS, AREAS, INSTANCES, PRODUCTS, forms};

/// Keys that are left out or have one of these values: section, key, values as JSON. A new key is one line here; that
/// every key and value that the schema of policies knows does occur is checked.
const CHOICES: &[(&str, &str, &[&str])] = &[
    ("areas", "tag_keys", &[r#"["product_area"]"#, r#"["product_area", "Stage"]"#, r#"["Stage"]"#, "[]"]),
    ("areas", "case_insensitive", &["true", "false"]),
    ("containers", "split", &[r#""cpu_seconds""#]),
    ("containers", "window", &[r#""usage""#, r#""period""#]),
    ("containers", "idle", &[r#""spread""#, r#""separate""#, r#""proportional""#]),
    ("containers", "empty_host", &[r#""owner""#, r#""separate""#, r#""proportional""#]),
    ("containers", "default_cpu", &["128"]),
    ("containers", "weights", &[r#"{"cpu": 1}"#, r#"{"cpu": 9, "memory": 1}"#, r#"{"cpu": "0", "memory": "0.5"}"#]),
    ("volumes", "follow_attachments", &["true", "false"]),
    ("volumes", "detached", &[r#""owner""#, r#""separate""#, r#""proportional""#]),
    ("commitments", "spread", &["true", "false"]),
    ("commitments", "share", &[r#""auto""#, r#""cost""#, r#""usage""#]),
    ("commitments", "unused", &[r#""central""#, r#""owner""#, r#""proportional""#]),
    ("commitments", "among", &[r#""all""#, r#""areas""#]),
    ("commitments", "unknown_term", &[r#""expense""#]),
    ("line_items", "kinds", &[r#"{"FlatRateSubscription": "Fee", "Rebate": "Credit"}"#, "{}"]),
];

/// Values that may stop a run, and so are rare.
const REFUSALS: &[(&str, &str, &str)] = &[
    ("commitments", "unknown_term", r#""error""#),
    ("containers", "split", r#""scad""#),
    ("line_items", "strict", "true"),
];

const METHODS: [&str; 5] = ["keep", "proportional", "even", "fixed", "metric"];
const SCOPES: [&str; 3] = ["all", "account", "product"];

const PERIODS: [&str; 4] = ["2016-01", "2016-05", "2016-06", "2016-07"];
const AREA_OF_TAG: [(&str, &str); 2] = [("Api", "api"), ("somebody else", "data")];

pub(crate) fn any(random: &mut Random, dialect: Dialect, basis: CostBasis) -> Value {
    let mut policy = json!({
        "basis": basis.as_str(), "areas": {}, "containers": {}, "volumes": {}, "commitments": {}, "line_items": {},
    });
    for (section, key, values) in CHOICES {
        if random.below(3) > 0 {
            policy[section][key] = serde_json::from_str(random.one(values)).unwrap();
        }
    }
    for (section, key, value) in REFUSALS {
        if random.below(8) == 0 {
            policy[section][key] = serde_json::from_str(value).unwrap();
        }
    }
    areas(random, dialect, &mut policy["areas"]);
    if random.below(3) > 0 {
        policy["containers"]["capacity"] = capacities(random);
    }
    policy["rules"] = list(random, 4, |random, at| rule(random, dialect, at));
    policy["shared"] = list(random, 4, |random, at| pool(random, dialect, at));
    policy["providers"] = providers(random);
    policy
}

fn list(random: &mut Random, limit: usize, mut each: impl FnMut(&mut Random, usize) -> Value) -> Value {
    let length = if random.below(2) == 0 { 0 } else { random.below(limit + 1) };
    (0..length).map(|at| each(random, at)).collect()
}

fn areas(random: &mut Random, dialect: Dialect, areas: &mut Value) {
    if dialect != Dialect::Dbr && random.below(2) == 0 {
        areas["cost_categories"] = json!(["Team"]);
    }
    if random.below(2) == 0 {
        areas["aliases"] = AREA_OF_TAG.iter().map(|(tag, area)| ((*tag).to_owned(), json!(area))).collect();
    }
    if random.below(2) == 0 {
        areas["accounts"] = json!({ACCOUNTS[1]: random.one(&AREAS)});
    }
    if random.below(2) == 0 {
        let (old, new) = (random.one(&AREAS), random.one(&AREAS));
        areas["account_map"] = json!([
            {"account": ACCOUNTS[2], "area": old, "to": random.one(&["2016-04", "2016-05"])},
            {"account": ACCOUNTS[2], "area": new, "from": random.one(&["2016-06", "2016-07"])},
            {"account": ACCOUNTS[3], "area": old},
        ]);
    }
}

fn capacities(random: &mut Random) -> Value {
    let mut named = Map::new();
    for name in INSTANCES.iter().chain(&["m4.large", "c4.large", "m1.small"]) {
        if random.below(4) > 0 {
            let (cpu, memory) = (random.one(&[1000, 2048, 4096]), random.one(&[0, 3750, 16_000, 16_000]));
            named.insert((*name).to_owned(), json!({"cpu": cpu, "memory": memory}));
        }
    }
    named.into()
}

/// First and last period, each now and then, the first never after the last.
fn dates(random: &mut Random, of: &mut Value) {
    let (a, b) = (random.one(&PERIODS), random.one(&PERIODS));
    let (from, to) = (a.min(b), a.max(b));
    if random.below(5) == 0 {
        of["from"] = from.into();
    }
    if random.below(5) == 0 {
        of["to"] = to.into();
    }
}

fn matches(random: &mut Random, dialect: Dialect) -> Value {
    let kinds: Vec<&str> = forms(dialect).iter().filter_map(|form| form.0).map(LineItemKind::as_str).collect();
    let mut of = json!({});
    for _ in 0..random.below(8).min(2) + usize::from(random.below(8) > 0) {
        let (key, value) = match random.below(9) {
            0 => ("account", json!([random.one(&ACCOUNTS[..4]), "444444444444"])),
            1 => ("product", json!(random.one(&[PRODUCTS[0], PRODUCTS[1], "Amazon*", "*S"]))),
            2 => ("usage_type", json!(random.one(&["*DataTransfer*", "*BoxUsage*", "EBS:*", "???????*"]))),
            3 => ("operation", json!(random.one(&["Run*", "Create*"]))),
            4 => ("region", json!(random.one(&["us-west-2*", "eu-*"]))),
            5 => ("resource", json!(random.one(&["i-*", "vol-1", "bucket*", "*:task/*"]))),
            6 => ("kind", json!([random.one(&kinds), random.one(&kinds)])),
            7 => ("tag", json!({random.one(&["product_area", "Stage"]): random.one(&["api", "*e*", "live"])})),
            _ if dialect == Dialect::Dbr => ("kind", json!(random.one(&kinds))),
            _ => ("cost_category", json!({"Team": random.one(&["web", "*a*"])})),
        };
        of[key] = value;
    }
    of
}

/// Owners with shares that sum to 1.
fn shares(random: &mut Random) -> Value {
    let [a, b, c] = [0, 2, 4].map(|at| AREAS[at + random.below(2)]);
    match random.below(3) {
        0 => json!({a: "0.333333", b: "0.333333", c: "0.333334"}),
        1 => json!({a: "0.7", b: 0.3}),
        _ => json!({a: "1", b: "0"}),
    }
}

fn rule(random: &mut Random, dialect: Dialect, at: usize) -> Value {
    let mut rule = json!({"id": format!("r{at}"), "match": matches(random, dialect)});
    dates(random, &mut rule);
    if random.below(2) == 0 {
        rule["area"] = random.one(&AREAS).into();
    } else {
        rule["split"] = shares(random);
    }
    rule
}

fn pool(random: &mut Random, dialect: Dialect, at: usize) -> Value {
    let method = random.one(&METHODS);
    let mut pool = json!({"match": matches(random, dialect), "method": method});
    dates(random, &mut pool);
    if random.below(2) == 0 {
        pool["name"] = format!("pool {at}").into();
    }
    match method {
        "proportional" => {
            pool["of"] = random.one(&SCOPES).into();
            pool["among"] = random.one(&["all", "areas"]).into();
        }
        "even" => pool["of"] = random.one(&SCOPES).into(),
        "fixed" => pool["shares"] = shares(random),
        "metric" => {
            let mut row = || {
                let period = random.one(&[None, None, Some("2016-06"), Some("2016-07")]);
                json!({"area": random.one(&AREAS), "weight": random.one(&["0", "1", "2.5", "1000"]), "period": period})
            };
            pool["metric"] = (0..4).map(|_| row()).collect();
        }
        _ => {}
    }
    pool
}

/// Some take each other's cost, some have no way out.
fn providers(random: &mut Random) -> Value {
    let areas = random.shuffled(&AREAS);
    let count = if random.below(2) == 0 { 0 } else { random.below(4) };
    let (is_closed, named) = (random.below(8) == 0, random.one(&[None, None, Some(areas[0])]));
    let mut provider = |area: &&str| {
        let mut key = || {
            // Any area, but more often one that is no provider.
            let consumer = match random.below(2) {
                _ if is_closed => random.one(&areas[..3]),
                0 => random.one(&areas[3..]),
                _ => random.one(&AREAS),
            };
            let period = random.one(&[None, None, None, Some("2016-06"), Some("2016-07")]);
            let key = random.one(&["0", "1", "0.25", "7"]);
            json!({"provider": named, "consumer": consumer, "key": key, "period": period})
        };
        let keys: Value = (0..3).map(|_| key()).collect();
        let mut provider = json!({"area": area, "keys": keys});
        dates(random, &mut provider);
        provider
    };
    areas[..count].iter().map(&mut provider).collect()
}

/// Takes one rule, pool, provider or key away; `take` says which.
pub(crate) fn remove(policy: &mut Value, take: &mut impl FnMut(usize) -> Option<usize>) -> Option<()> {
    for part in ["rules", "shared", "providers"] {
        let list = policy[part].as_array_mut().unwrap();
        if let Some(at) = take(list.len()) {
            list.remove(at);
            return Some(());
        }
    }
    for section in ["areas", "containers", "volumes", "commitments", "line_items"] {
        let keys = policy[section].as_object_mut().unwrap();
        if let Some(at) = take(keys.len()) {
            let key = keys.keys().nth(at).unwrap().clone();
            keys.remove(&key);
            return Some(());
        }
    }
    None
}
