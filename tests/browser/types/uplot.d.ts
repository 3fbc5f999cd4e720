// uPlot's script defines a global, because it is no module.
declare const uPlot: typeof import("uplot");
declare namespace uPlot {
  type Options = import("uplot").Options;
}
