//! Names of hosts as inventories write them: `web[01:20:2].example.com:2222`.

/// Beyond this, a range is a typing error, not a fleet.
const MOST: usize = 100_000;

/// Beginnings of errors about what looks like a range and is none: it may be a name.
pub(super) const NO_RANGE: &str = "host range must be";
pub(super) const NO_END: &str = "host range must specify end value";

/// The hosts of a name with ranges, and the port that stood after it. The error says what is wrong with the text.
pub(super) fn expand(text: &str) -> Result<(Vec<String>, Option<u16>), String> {
    let (name, port) = port_of(text)?;
    let mut names = Vec::new();
    expand_into(name, &mut names)?;
    Ok((names, port))
}

/// `host:22`, `[2001:db8::1]:22`; an address with several colons has no port.
fn port_of(text: &str) -> Result<(&str, Option<u16>), String> {
    if let Some(rest) = text.strip_prefix('[')
        && let Some((inside, after)) = rest.split_once(']')
        && is_address(inside)
    {
        return match after.strip_prefix(':') {
            None if after.is_empty() => Ok((inside, None)),
            Some(port) => Ok((inside, Some(number(port, text)?))),
            None => Ok((text, None)),
        };
    }
    // Colons inside brackets belong to a range.
    let outside = text.rfind(']').map_or(0, |i| i + 1);
    match text[outside..].split_once(':') {
        None => Ok((text, None)),
        Some((_, "")) => Err(format!("`{text}` ends with `:`, after which a port should follow")),
        Some((_, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !is_address(text) => {
            Ok((&text[..text.len() - port.len() - 1], Some(number(port, text)?)))
        }
        Some(_) => Ok((text, None)),
    }
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::Ipv6Addr>().is_ok()
}

fn number(port: &str, text: &str) -> Result<u16, String> {
    port.parse().map_err(|_| format!("`{port}` in `{text}` is no port"))
}

fn expand_into(name: &str, names: &mut Vec<String>) -> Result<(), String> {
    let Some(open) = name.find('[') else {
        names.push(name.to_string());
        return Ok(());
    };
    let Some(close) = name[open..].find(']').map(|i| i + open) else {
        return Err(format!("`{name}` has a `[` that is never closed"));
    };
    let (head, range, tail) = (&name[..open], &name[open + 1..close], &name[close + 1..]);
    if !range.contains(':') {
        return Err(format!("{NO_RANGE} begin:end or begin:end:step, which `[{range}]` is not"));
    }
    let mut tails = Vec::new();
    expand_into(tail, &mut tails)?;
    for member in members(range)? {
        for tail in &tails {
            names.push(format!("{head}{member}{tail}"));
        }
        if names.len() > MOST {
            return Err(format!("`{name}` stands for more than {MOST} hosts"));
        }
    }
    Ok(())
}

fn members(range: &str) -> Result<Vec<String>, String> {
    let shown = format!("`[{range}]`");
    let parts: Vec<&str> = range.split(':').collect();
    let (first, last, step) = match parts[..] {
        [first, last] => (first, last, 1),
        [first, last, step] => match step.parse::<usize>() {
            Ok(step) if step > 0 => (first, last, step),
            _ => return Err(format!("the step of {shown} must be a number above 0")),
        },
        _ => return Err(format!("{shown} is no range: write `[first:last]` or `[first:last:step]`")),
    };
    let first = if first.is_empty() { "0" } else { first };
    if last.is_empty() {
        return Err(format!("{NO_END}, which {shown} does not"));
    }
    if let (Some(from), Some(to)) = (letter(first), letter(last)) {
        if from > to {
            return Err(format!("{shown} runs backwards"));
        }
        return Ok((from..=to).step_by(step).map(|i| LETTERS[i..=i].to_string()).collect());
    }
    let (Ok(from), Ok(to)) = (first.parse::<usize>(), last.parse::<usize>()) else {
        return Err(format!("{shown} must run between two numbers or two letters"));
    };
    // Zeros in front say how wide every number is.
    let padded = first.len() > 1 && first.starts_with('0');
    if padded && first.len() != last.len() {
        return Err(format!("both ends of {shown} must be of the same width where zeros lead"));
    }
    if from > to {
        return Err(format!("{shown} runs backwards"));
    }
    if (to - from) / step > MOST {
        return Err(format!("{shown} stands for more than {MOST} hosts"));
    }
    let width = if padded { first.len() } else { 0 };
    Ok((from..=to).step_by(step).map(|i| format!("{i:0width$}")).collect())
}

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn letter(text: &str) -> Option<usize> {
    if text.len() == 1 { LETTERS.find(text) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_expand() {
        for (text, hosts, port) in [
            ("web", vec!["web"], None),
            ("web[1:3]", vec!["web1", "web2", "web3"], None),
            ("w[08:10].x:2222", vec!["w08.x", "w09.x", "w10.x"], Some(2222)),
            ("w[1:5:2]", vec!["w1", "w3", "w5"], None),
            ("db-[a:c]", vec!["db-a", "db-b", "db-c"], None),
            ("[a:b][1:2]", vec!["a1", "a2", "b1", "b2"], None),
            ("x[:1]", vec!["x0", "x1"], None),
            ("2001:db8::1", vec!["2001:db8::1"], None),
            ("[2001:db8::1]:22", vec!["2001:db8::1"], Some(22)),
        ] {
            assert_eq!(expand(text), Ok((hosts.into_iter().map(String::from).collect(), port)), "{text}");
        }
        for text in ["w[1:]", "w[3:1]", "w[01:100]", "w[1]", "w[1:2:0]", "w[a:3]", "w[1:9999999]", "all:", "h:99999"] {
            assert!(expand(text).is_err(), "{text}");
        }
    }
}
