// A graph under construction from another program's file. It keeps how the file sees each value:
// its shape and the order of its axes. So transpositions and reshapes become no nodes.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/budget.h"
#include "graph/graph.h"

namespace octet {

// The names of the nodes that an import puts before those of the file.
inline constexpr const char* kValuesNode = "image.values";  // the file's input, from fractions
inline constexpr const char* kOnesNode = "image.ones";      // the image with a channel of ones

// A constant of the file, in row-major order.
struct Constant {
  Shape shape;
  std::vector<double> values;
  bool integers = false;  // whole numbers, whose quotients lose their fraction
  bool bytes = false;     // of one byte, whose sums wrap: octet moves and converts them only
};

// The order of the axes of (N, C, H, W) in the file's memory.
using AxisOrder = std::array<int, 4>;
inline constexpr AxisOrder kChannelsFirst{0, 1, 2, 3}, kChannelsLast{0, 2, 3, 1};

// A tensor that the network computes. Its numbers are those of the graph's value in this order. The
// file counts them with `shape`, which may have any number of axes.
struct Computed {
  std::string value;
  Shape shape;
  AxisOrder order = kChannelsFirst;
  // Where the file repeats the value to `shape`: its shape before. Only a product reads such a one.
  Shape repeated_from = {};
};

// All members throw an Error with the reason where the graph cannot hold what is asked.
class Draft {
 public:
  // `layout`: of images in this kind of file. `reserved`: the names of the file's outputs, which no
  // node may take.
  Draft(Budget& budget, Size size, AxisOrder layout, std::set<std::string> reserved);

  [[nodiscard]] Computed image(const Shape& shape) const;  // the input as the file has it
  // Adds a node with a name like this one, and returns its value as an image of the file.
  Computed add(const std::string& name, Operator op, const std::vector<Computed>& inputs);
  // The same with the shape and order of its first input.
  Computed add_like_input(const std::string& name, Operator op,
                          const std::vector<Computed>& inputs);

  // Call it before numbers are made for a node. Throws when the file asks for too many.
  void take_numbers(int64_t count) const;

  [[nodiscard]] const Shape& nchw(const Computed& x) const { return shapes_.at(x.value); }
  // The axis of (N, C, H, W) that each axis of the file is. −1: of one element, and none.
  [[nodiscard]] std::vector<int> axes(const Computed& x) const;
  // The axes of (N, C, H, W) that each axis of the file joins, without those of one element.
  [[nodiscard]] std::vector<std::vector<int>> joined_axes(const Computed& x) const;
  // Fails where the file repeats it.
  void require_whole(const Computed& x) const;
  // Fails unless it is an image in the layout of the file.
  void require_image(const Computed& x) const;
  [[nodiscard]] bool same_order(const Computed& a, const Computed& b) const;

  [[nodiscard]] Computed reshaped(const Computed& x, Shape shape) const;
  [[nodiscard]] Computed transposed(const Computed& x, const std::vector<int64_t>& order) const;

  [[nodiscard]] Graph& graph() { return graph_; }
  // What the user should know of the network: where it is read otherwise than the file says.
  void note(std::string text);
  [[nodiscard]] std::vector<std::string>& notes() { return notes_; }

 private:
  std::string unique_name(const std::string& name);

  Budget& budget_;
  Graph graph_;
  AxisOrder layout_;
  std::map<std::string, Shape> shapes_;  // (1, C, H, W) of every value
  std::set<std::string> names_;
  std::map<std::string, int> repeated_;  // how often a name was wanted
  std::vector<std::string> notes_;
};

// The axes longer than one of an order.
[[nodiscard]] std::vector<int> long_axes(const AxisOrder& order, const Shape& sides);

// A name of a file with letters, digits and a few signs only, of at most 100 bytes.
[[nodiscard]] std::string plain_name(const std::string& name);

}  // namespace octet
