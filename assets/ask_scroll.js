// Brings a new question to the top of the page, once; later reruns leave the page where it is.
export default function ({ data, parentElement }) {
  const key = `ethoscribe-asked-${data.conversation}`;
  if (Number(sessionStorage.getItem(key) ?? 0) >= data.number) return;
  sessionStorage.setItem(key, data.number);
  if (data.number === 1) return;
  const host = parentElement.getRootNode().host ?? parentElement;
  const message = host.closest('[data-testid="stChatMessage"]') ?? host;
  message.style.scrollMarginTop = "4.5rem"; // the bar with the pages
  const show = () => message.scrollIntoView({ block: "start" });
  for (const wait of [0, 300, 900]) setTimeout(show, wait); // figures and tables grow meanwhile
}
