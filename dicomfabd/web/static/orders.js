// Says what became of the selected orders, one by one.
document.getElementById("bulk")?.addEventListener("acted", (event) => {
  event.preventDefault();
  const output = event.target.querySelector("output.said");
  const results = event.detail.results ?? [];
  const good = results.filter((it) => it.ok).length;
  const bad = results.filter((it) => !it.ok);
  output.classList.toggle("is-wrong", bad.length > 0);
  output.textContent = [`${good} of ${results.length} done.`, ...bad.map((it) => `Order ${it.order_id}: ${it.text}`)].join("\n");
});
