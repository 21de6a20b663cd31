// Says what became of a replay and where to find it.
document.addEventListener("acted", (event) => {
  const { code, message_id: id, faults = [] } = event.detail ?? {};
  if (!id) return;
  event.preventDefault();
  const output = event.target.closest("form").querySelector("output.said");
  output.classList.toggle("is-wrong", code !== "AA");
  const link = document.createElement("a");
  link.href = `/messages/${id}`;
  link.textContent = `message ${id}`;
  output.replaceChildren(`${code}: `, link, ...faults.map((it) => `\n${it.place}: ${it.text}. ${it.fix}`));
});
