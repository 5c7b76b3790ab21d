//! Decimals, calendar and amortization by the letter of the spec, without the library (spec 1.2, 6.1).

/// Text as units, rounded half to even past the 18th decimal (spec 1.2).
pub(crate) fn units(text: &str) -> i128 {
    let text = text.to_lowercase();
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let is_negative = mantissa.starts_with('-');
    let (whole, decimals) = mantissa.trim_start_matches(['-', '+']).split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{decimals}").trim_start_matches(['-', '+']).parse().unwrap();
    let shift = exponent.parse::<i32>().unwrap() + 18 - i32::try_from(decimals.len()).unwrap();
    let size = if shift >= 0 {
        digits * 10i128.pow(shift.unsigned_abs())
    } else {
        let divisor = 10i128.pow(shift.unsigned_abs());
        let (kept, twice) = (digits / divisor, digits % divisor * 2);
        kept + i128::from(twice > divisor || (twice == divisor && kept % 2 == 1))
    };
    if is_negative { -size } else { size }
}

/// Seconds since 1970 of `YYYY-MM-DD HH:MM:SS`.
pub(crate) fn seconds(text: &str) -> i64 {
    let [year, month, day, hour, minute, second] = fields(text);
    let is_leap = |year: i64| year % 4 == 0;
    let days: i64 = (1970..year).map(|year| 365 + i64::from(is_leap(year))).sum();
    let lengths = [31, 28 + i64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30];
    let days = days + lengths.iter().take(usize::try_from(month - 1).unwrap()).sum::<i64>() + day - 1;
    days * 86_400 + hour * 3600 + minute * 60 + second
}

fn fields(text: &str) -> [i64; 6] {
    let numbers: Vec<i64> = text.split(['-', ' ', ':']).map(|number| number.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}

/// A term of 28 days or more, its printed end made exclusive (spec 6.1).
pub(crate) fn term(start: &str, end: &str) -> Option<(i64, i64)> {
    if start.is_empty() {
        return None;
    }
    let (from, printed) = (seconds(start), seconds(end));
    // The days of the months here are all below 28, so that whole months keep day and time.
    let next = printed + 1;
    let ([_, _, day, hour, minute, second], [_, _, end_day, end_hour, end_minute, end_second]) =
        (fields(start), fields(end));
    let whole_months = (day, hour, minute, second) == (end_day, end_hour, end_minute, end_second + 1);
    let is_inclusive = end_second != 0 && (next % 3600 == 0 || whole_months);
    let until = if is_inclusive { next } else { printed };
    (until - from >= 28 * 86_400).then_some((from, until))
}

/// `⌊|fee|·s(b)/S⌋ − ⌊|fee|·s(a)/S⌋`, sign put back.
pub(crate) fn part(fee: i128, (start, end): (i64, i64), a: i64, b: i64) -> i128 {
    let elapsed = |until: i64| i128::from(until.clamp(start, end) - start) * fee.abs() / i128::from(end - start);
    (elapsed(b) - elapsed(a)) * fee.signum()
}
