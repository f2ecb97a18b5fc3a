// The editor on its page: one for each place that Streamlit gives it.

class LabelHelp extends Help {
  constructor(editor) { super({ find: editor.find, root: editor.root, toolbox: { tools: [] } }); }
  get lists() { return [LABEL_KEYS, LABEL_LOOKING]; }
}

const labellers = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  if (!labellers.has(parentElement)) labellers.set(parentElement, new LabelEditor(parentElement));
  const editor = labellers.get(parentElement);
  editor.component = component;
  editor.update(data);
  return () => {
    labellers.get(parentElement)?.close();
    labellers.delete(parentElement);
  };
}
