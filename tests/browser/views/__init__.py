"""Every view of the page in Chromium: accessibility, sizes, and many or restless processes."""
