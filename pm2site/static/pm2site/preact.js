// The only import of the library that draws: Preact with htm, unmodified (vendor/VENDOR.json).

export {
  Component, h, html, render, createContext, useCallback, useContext, useEffect, useErrorBoundary, useLayoutEffect, useMemo,
  useReducer, useRef, useState,
} from "./vendor/preact-htm-3.1.1/standalone.module.js";
