#include "app/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "app/describe_options.h"
#include "app/help.h"
#include "app/verb_table.h"
#include "core/error.h"
#include "core/log.h"
#include "core/text/fit_text.h"
#include "testing/testing.h"

namespace octet {
namespace {

using testing::HasSubstr;

// A program with the verbs detect and quantize, and some options of each kind.
class CommandLine : public testing::Test {
 protected:
  CommandLine() : app_("A program.") {
    app_.require_subcommand(1);
    CLI::App* detect = add_verb(app_, "detect");
    detect->add_option("--model", model_, "A model.")->required();
    detect->add_option("--conf", conf_, "Lowest confidence.")
        ->check(CLI::Range(0.0, 1.0))
        ->capture_default_str();
    detect->add_option("--kind", kind_, "Which kind.")->check(CLI::IsMember({"a", "b"}));
    detect->add_flag("--json", json_, "Print JSON.");
    detect->add_option("-o,--output", output_, "A file.");
    detect->callback([this] { ++runs_; });
    CLI::App* quantize = add_verb(app_, "quantize");
    quantize->add_option("--feature-weight", conf_, "A weight.");
  }
  std::string error(const Arguments& arguments) {
    return error_of([&] { run_command_line(app_, arguments); });
  }

  CLI::App app_;
  std::string model_, kind_, output_;
  double conf_ = 0.25;
  bool json_ = false;
  int runs_ = 0;
};

TEST_F(CommandLine, RunsTheVerb) {
  EXPECT_EQ(error({"detect", "--model", "-x", "--conf=0.5", "-oout"}), "");
  EXPECT_EQ(runs_, 1);
  EXPECT_EQ(model_, "-x") << "a value may look like an option";
  EXPECT_EQ(conf_, 0.5);
  EXPECT_EQ(output_, "out");
}

TEST_F(CommandLine, AWrongVerbIsAnsweredWithTheNearest) {
  EXPECT_THAT(error({"detct"}), HasSubstr("there is no verb detct; did you mean detect?"));
  EXPECT_THAT(error({"predict", "--model", "x"}),
              HasSubstr("there is no verb predict; use detect"));
  EXPECT_THAT(error({"fly"}), HasSubstr("there is no verb fly; there are: import, "));
  EXPECT_THAT(error({"help", "detct"}), HasSubstr("did you mean detect?"));
  EXPECT_THAT(error({"--modle"}), HasSubstr("there is no option --modle"));
}

TEST_F(CommandLine, AWrongOptionIsNeverHidden) {
  const std::string said = "detect has no option --modle; did you mean --model?";
  EXPECT_THAT(error({"detect", "--modle", "x"}), HasSubstr(said)) << "before what is required";
  EXPECT_THAT(error({"detect", "--modle=x", "--conf", "2"}), HasSubstr(said))
      << "before a wrong value";
  EXPECT_THAT(error({"detect", "--model", "m", "--modle", "x"}), HasSubstr(said));
  EXPECT_THAT(error({"detect", "-q"}), HasSubstr("detect has no option -q\nTry"));
  EXPECT_EQ(runs_, 0);
}

TEST_F(CommandLine, SaysWhatIsExpected) {
  EXPECT_EQ(error({"detect"}), "--model is required\nTry 'octet detect --help'.");
  const auto of_value = [&](const Arguments& more) {
    Arguments arguments{"detect", "--model", "m"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return error(arguments);
  };
  EXPECT_THAT(of_value({"--conf", "2"}),
              HasSubstr("--conf: a number from 0 to 1 is expected, not 2\n"));
  EXPECT_THAT(of_value({"--conf", "x"}),
              HasSubstr("--conf: a number from 0 to 1 is expected, not x\n"));
  EXPECT_THAT(of_value({"--kind", "c"}), HasSubstr("--kind: a or b is expected, not c\n"));
  EXPECT_THAT(of_value({"--output"}), HasSubstr("--output: a value is expected\n"));
  EXPECT_THAT(of_value({"image.jpg"}), HasSubstr("image.jpg is not expected here"));
}

TEST_F(CommandLine, AnOldNameOfAnOptionIsUnderstood) {
  static std::string heard;
  heard.clear();
  set_log_sink([](LogLevel, const char*, const std::string& text) { heard += text; });
  EXPECT_EQ(error({"quantize", "--features", "0.5"}), "");
  set_log_sink(nullptr);
  EXPECT_EQ(conf_, 0.5);
  EXPECT_EQ(heard, "--features is an old name; use --feature-weight");
}

TEST_F(CommandLine, HelpFitsItsWidth) {
  for (const int width : {40, 60, 80, 132}) {
    const HelpStyle style{.columns = width};
    std::istringstream text(overview(app_, style) + verb_help(*verb_of(app_, "detect"), style));
    for (std::string line; std::getline(text, line);) EXPECT_LE(columns(line), width) << line;
  }
}

TEST_F(CommandLine, HelpHasAllThatIsKnown) {
  const std::string text = verb_help(*verb_of(app_, "detect"), {.columns = 80});
  for (const char* part : {"octet detect --model TEXT [OPTIONS]", "A model. Required.",
                           "--kind a|b", "--conf X", "Default: 0.25.", "-o, --output TEXT",
                           "-v, --verbose", "octet detect --model yolov8n.pt --source street.jpg"})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_THAT(text, testing::Not(HasSubstr("\033")));
  EXPECT_THAT(verb_help(*verb_of(app_, "detect"), {.columns = 80, .bold_titles = true}),
              HasSubstr("\033[1mOptions\033[0m\n"));
}

TEST(Verbs, HaveASentenceAndAnExample) {
  for (const VerbRow& row : verb_rows()) {
    EXPECT_TRUE(row.purpose.ends_with('.')) << row.name;
    EXPECT_TRUE(row.example.starts_with("octet " + std::string(row.name))) << row.name;
    EXPECT_LE(columns(row.example), 68) << "a line of the overview: " << row.name;
    for (const std::string_view name : row.elsewhere) EXPECT_EQ(find_verb(name), nullptr) << name;
  }
}

}  // namespace
}  // namespace octet
