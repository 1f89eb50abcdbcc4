#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/output.h"
#include "core/text/clean_text.h"
#include "core/text/fit_text.h"
#include "measure/profile/report.h"

namespace octet {
namespace {

constexpr int kGap = 2;
constexpr int kLongestName = 32, kShortestText = 12;

struct TextColumn {
  std::string head;
  bool left = false;  // its texts are on the left, and may be cut
  std::vector<std::string> cells = {};
};

int width_of(const TextColumn& column) {
  int width = columns(column.head);
  for (const std::string& cell : column.cells) width = std::max(width, columns(cell));
  return width;
}

std::string padded(const std::string& text, int width, bool left) {
  const std::string fitting = first_columns(text, width);
  const std::string space(static_cast<size_t>(std::max(0, width - columns(fitting))), ' ');
  return left ? fitting + space : space + fitting;
}

// As many of the first columns as have room; the last of them may be cut.
void print_table(const std::vector<TextColumn>& table, int room) {
  std::vector<int> widths;
  for (const TextColumn& column : table) {
    int width = width_of(column);
    if (widths.empty())
      width = std::min(width, std::max(kShortestText, std::min(kLongestName, room / 2)));
    const int gap = widths.empty() ? 0 : kGap;
    if (column.left && !widths.empty()) width = std::min(width, room - gap);
    if (width > room - gap || (column.left && width < std::min(kShortestText, width_of(column))))
      break;
    widths.push_back(width);
    room -= width + gap;
  }
  const auto print_row = [&](const auto& cell) {
    std::string line;
    for (size_t c = 0; c < widths.size(); ++c) {
      if (c > 0) line.append(kGap, ' ');
      line += padded(cell(table[c]), widths[c], table[c].left);
    }
    print_out("{}\n", line.substr(0, line.find_last_not_of(' ') + 1));
  };
  print_row([](const TextColumn& c) { return c.head; });
  for (size_t row = 0; row < table[0].cells.size(); ++row)
    print_row([&](const TextColumn& c) { return c.cells[row]; });
}

void print_wrapped(const std::string& text, int width, int indent) {
  write_output(wrap_text(clean_text(text), width, indent, 0) + "\n");
}

std::string optional_number(std::optional<double> value, const char* format) {
  return value ? fmt::format(fmt::runtime(format), *value) : "";
}

void print_phases(const Profile& p) {
  double sum = 0;
  for (const Phase& phase : p.phases) sum += phase.ms;
  std::vector<TextColumn> table{{.head = "frame", .left = true}, {.head = "ms"}, {.head = "%"}};
  const auto add = [&](const std::string& name, double ms) {
    table[0].cells.push_back(name);
    table[1].cells.push_back(fmt::format("{:.2f}", ms));
    table[2].cells.push_back(fmt::format("{:.1f}", 100 * ms / sum));
  };
  for (const Phase& phase : p.phases) add(phase.name, phase.ms);
  add("together", sum);
  print_table(table, 80);
  print_out("{:.1f} ms of processor time a frame", p.cpu_ms_per_frame);
  if (p.joules_per_frame) print_out(", {:.3f} joules", *p.joules_per_frame);
  print_out("\n");
}

// The places of layers to print: the slowest first, or all in their order.
std::vector<size_t> chosen(const Profile& p, int most) {
  std::vector<size_t> order(p.layers.size());
  std::iota(order.begin(), order.end(), 0);
  if (most == 0) return order;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return p.layers[a].time.seconds > p.layers[b].time.seconds;
  });
  order.resize(std::min(order.size(), static_cast<size_t>(most)));
  return order;
}

void print_layers(const Profile& p, const PrintOptions& options) {
  std::vector<TextColumn> table{{.head = "layer", .left = true}, {.head = "ms"}, {.head = "%"}};
  if (p.cut) table.push_back({.head = "alone"});
  const size_t fixed = table.size();
  for (const char* head : {"in", "GOP/s", "% of peak"}) table.push_back({.head = head});
  table.push_back({.head = "type", .left = true});
  table.push_back({.head = "kernel", .left = true});
  double shown_ms = 0;
  const auto order = chosen(p, options.layers);
  for (const size_t i : order) {
    const ProfiledLayer& layer = p.layers[i];
    shown_ms += 1e3 * layer.time.seconds;
    table[0].cells.push_back(clean_text(shown_name(layer)));
    table[1].cells.push_back(fmt::format("{:.2f}", 1e3 * layer.time.seconds));
    table[2].cells.push_back(fmt::format("{:.1f}", 100 * layer.share));
    if (p.cut) table[3].cells.push_back(optional_number(layer.alone_ms, "{:.2f}"));
    table[fixed].cells.push_back(clean_text(layer.time.precision));
    table[fixed + 1].cells.push_back(layer.gops > 0 ? fmt::format("{:.0f}", layer.gops) : "");
    table[fixed + 2].cells.push_back(layer.of_peak ? fmt::format("{:.0f}", 100 * *layer.of_peak)
                                                   : "");
    table[fixed + 3].cells.push_back(clean_text(layer.time.type));
    table[fixed + 4].cells.push_back(clean_text(layer.time.kernel));
  }
  print_table(table, options.columns);
  if (order.size() < p.layers.size())
    print_out("{} others: {:.2f} ms\n", p.layers.size() - order.size(), p.layers_ms - shown_ms);
}

// Layers with the same reason in one line.
void print_fallbacks(const Profile& p, const PrintOptions& options) {
  std::vector<std::pair<std::string, std::vector<std::string>>> reasons;
  for (const ProfiledLayer& layer : p.layers) {
    if (layer.time.fallback.empty()) continue;
    auto at = std::find_if(reasons.begin(), reasons.end(),
                           [&](const auto& r) { return r.first == layer.time.fallback; });
    if (at == reasons.end()) at = reasons.insert(at, {layer.time.fallback, {}});
    at->second.push_back(
        fmt::format("{} ({:.2f} ms)", shown_name(layer), 1e3 * layer.time.seconds));
  }
  if (reasons.empty()) return;
  print_out("\nfell back to slower arithmetic:\n");
  for (const auto& [reason, layers] : reasons) {
    const std::string line = fmt::format("- {}: {}", reason, fmt::join(layers, ", "));
    print_wrapped(line, options.columns, 2);
  }
}

void print_head(const Profile& p, const PrintOptions& options) {
  const std::string line =
      fmt::format("{} at {}, {} in {} on {} threads, {}", p.model, to_string(p.input),
                  p.network.engine, p.network.precision, p.network.threads, p.network.device);
  print_wrapped(line, options.columns, 2);
}

}  // namespace

void print_profile(const Profile& p, const PrintOptions& options) {
  print_head(p, options);
  print_out("\n");
  print_phases(p);
  print_out("\n");
  print_layers(p, options);
  print_out("\n");
  print_wrapped(sum_text(p), options.columns, 2);
  for (const Peak& peak : p.peaks) print_wrapped(peak_text(peak), options.columns, 2);
  print_fallbacks(p, options);
}

void print_comparison(const Profile& first, const Profile& second, const PrintOptions& options) {
  print_out("A: ");
  print_head(first, options);
  print_out("B: ");
  print_head(second, options);
  print_out("\n");
  std::vector<TextColumn> table{
      {.head = "block", .left = true}, {.head = "A ms"}, {.head = "B ms"}, {.head = "B - A"}};
  const auto add = [&](const std::string& name, std::optional<double> a, std::optional<double> b) {
    table[0].cells.push_back(clean_text(name));
    table[1].cells.push_back(optional_number(a, "{:.2f}"));
    table[2].cells.push_back(optional_number(b, "{:.2f}"));
    table[3].cells.push_back(fmt::format("{:+.2f}", b.value_or(0) - a.value_or(0)));
  };
  std::vector<ComparedBlock> blocks = compare_blocks(first, second);
  const size_t all = blocks.size();
  const auto size_of = [](const ComparedBlock& b) {
    return std::max(b.first_ms.value_or(0), b.second_ms.value_or(0));
  };
  if (options.layers > 0) {
    std::stable_sort(blocks.begin(), blocks.end(),
                     [&](const auto& a, const auto& b) { return size_of(a) > size_of(b); });
    blocks.resize(std::min(blocks.size(), static_cast<size_t>(options.layers)));
  }
  double a = 0, b = 0;
  for (const ComparedBlock& block : blocks) {
    add(block.name, block.first_ms, block.second_ms);
    a += block.first_ms.value_or(0);
    b += block.second_ms.value_or(0);
  }
  if (blocks.size() < all)
    add(fmt::format("{} others", all - blocks.size()), first.layers_ms - a, second.layers_ms - b);
  add("layers together", first.layers_ms, second.layers_ms);
  add("inference", whole_ms(first), whole_ms(second));
  print_table(table, options.columns);
  print_out("\n");
  print_wrapped("A: " + sum_text(first), options.columns, 2);
  print_wrapped("B: " + sum_text(second), options.columns, 2);
}

}  // namespace octet
