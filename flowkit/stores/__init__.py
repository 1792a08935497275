"""Where runs live, and how their values are kept: in memory for now; `codec` turns values into JSON and back."""
