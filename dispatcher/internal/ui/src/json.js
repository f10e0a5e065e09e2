// JSON with line breaks, token by token: numbers and strings stay as they were written,
// which they would not if they were parsed, as 12345678901234567890 or 1.0.

const token = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]|\s+/y;

// isJSON reports whether a text is a JSON object or array.
export function isJSON(text) {
  if (!/^\s*[{[]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

// layOut returns the tokens of a JSON text with the white space of a readable one:
// [kind, text], of the kinds key, string, number, word and plain.
export function layOut(text) {
  const out = [];
  let depth = 0;
  let opened = false; // the last token opened an object or array
  const line = () => "\n" + "  ".repeat(depth);
  const value = (kind, t) => {
    if (opened) out.push(["plain", line()]);
    opened = false;
    out.push([kind, t]);
  };
  const tokens = tokensOf(text);
  tokens.forEach((t, i) => {
    if (t === "{" || t === "[") {
      value("plain", t);
      depth++;
      opened = true;
    } else if (t === "}" || t === "]") {
      depth--;
      out.push(["plain", (opened ? "" : line()) + t]);
      opened = false;
    } else if (t === ",") out.push(["plain", "," + line()]);
    else if (t === ":") out.push(["plain", ": "]);
    else value(t[0] === '"' ? (tokens[i + 1] === ":" ? "key" : "string") : /[a-z]/.test(t[0]) ? "word" : "number", t);
  });
  return out;
}

function tokensOf(text) {
  const tokens = [];
  token.lastIndex = 0;
  for (let match; (match = token.exec(text)); ) if (match[0].trim()) tokens.push(match[0]);
  return tokens;
}

export const pretty = (text) => layOut(text).map(([, t]) => t).join("");
