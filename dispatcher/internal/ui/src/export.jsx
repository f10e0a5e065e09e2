// Exporting what the filters find: a plain download, so that it may be of any length.
import { useState } from "preact/hooks";
import { paths } from "./api.js";
import { Dialog, Field, Select } from "./parts.jsx";

const formats = [["csv", "CSV, for spreadsheets"], ["json", "JSON"], ["ndjson", "NDJSON, a row a line"], ["xml", "XML"]];

export function Export({ ns, filter }) {
  const [open, setOpen] = useState(false);
  const [format, setFormat] = useState("csv");
  const [zip, setZip] = useState(false);
  const [details, setDetails] = useState(false);
  const address = () => {
    const wanted = Object.entries({ ...filter(), format, gzip: zip && "true", details: details && "true" }).filter(([, v]) => v);
    return paths.namespace(ns) + "/deliveries/export?" + new URLSearchParams(wanted);
  };
  return <>
    <button type="button" onClick={() => setOpen(true)}>Export…</button>
    {open && <Dialog title="Export deliveries" onClose={() => setOpen(false)}>
      <p class="quiet">All that the filters find, the oldest first, however many there are. Private values stay hidden.</p>
      <Field label="Format"><Select name="format" value={format} options={formats} onChange={setFormat} /></Field>
      <label class="check"><input type="checkbox" checked={zip} onChange={(e) => setZip(e.currentTarget.checked)} /> Compress with gzip</label>
      <label class="check"><input type="checkbox" checked={details} onChange={(e) => setDetails(e.currentTarget.checked)} /> With reason, outcome, message and duration</label>
      <div class="buttons"><a class="button primary" href={address()} download={"deliveries-" + ns + "." + format + (zip ? ".gz" : "")}>Download</a><button type="button" onClick={() => setOpen(false)}>Close</button></div>
    </Dialog>}
  </>;
}
