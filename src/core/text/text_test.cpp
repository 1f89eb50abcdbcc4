#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "core/text/clean_text.h"
#include "core/text/fit_text.h"
#include "core/text/json_text.h"
#include "core/text/nearest_text.h"
#include "core/text/secrets.h"

namespace octet {
namespace {

const std::string kMark = "\uFFFD";

TEST(CleanText, LeavesWhatCanBeRead) {
  for (const char* text : {"", "person", "Bäckerei № 7", "犬", "\xF0\x9F\x90\x95", "a b"})
    EXPECT_EQ(clean_text(text), text);
}

TEST(CleanText, TakesOutCommandsAndWhatIsNotUtf8) {
  EXPECT_EQ(clean_text("\x1b[31mred"), kMark + "[31mred");
  EXPECT_EQ(clean_text("a\nb\rc\td"), "a b c d");
  EXPECT_EQ(clean_lines("a\nb\r"), "a\nb ");
  EXPECT_EQ(clean_text("\xC2\x9B"
                       "2J"),
            kMark + "2J");  // CSI in one character
  EXPECT_EQ(clean_text("\u202Egpj.exe"), kMark + "gpj.exe");
  EXPECT_EQ(clean_text("\xFF"), kMark);
  EXPECT_EQ(clean_text("\xC3"), kMark) << "cut short";
  EXPECT_EQ(clean_text("\xC0\xAF"), kMark + kMark) << "not the shortest form";
  EXPECT_EQ(clean_text("\xED\xA0\x80"), kMark + kMark + kMark) << "a surrogate";
  EXPECT_EQ(clean_text("\xF4\x90\x80\x80"), kMark + kMark + kMark + kMark) << "above U+10FFFF";
}

// Whatever the bytes are, the result is clean, and cleaning it again changes nothing.
TEST(CleanText, AnyBytesBecomeUtf8) {
  std::minstd_rand random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random() % 40, '\0');
    for (char& c : bytes) c = static_cast<char>(random() >> 8);
    const std::string clean = clean_text(bytes);
    EXPECT_EQ(clean_text(clean), clean);
    EXPECT_NO_THROW((void)nlohmann::json(clean).dump());  // which throws at what is not UTF-8
  }
}

TEST(EscapedName, DifferentNamesStayDifferent) {
  EXPECT_EQ(escaped_name("a_b"), "a_b");
  EXPECT_EQ(escaped_name("a/b"), "a%2Fb");
  EXPECT_EQ(escaped_name("a%2Fb"), "a%252Fb");
  EXPECT_EQ(escaped_name("+#"), "%2B%23");
}

TEST(DumpJson, NeverThrowsAndIsSafeToShow) {
  const nlohmann::ordered_json j{{"na\xFFme", "\x1b[1m\xC2\x9B\x7F\xC3\xA4\xFE"}};
  const std::string text = dump_json(j);
  EXPECT_EQ(text, "{\"na\uFFFDme\":\"\\u001b[1m\\u009b\\u007f\xC3\xA4\uFFFD\"}");
  EXPECT_EQ(nlohmann::json::parse(text)["na\uFFFDme"], "\x1b[1m\xC2\x9B\x7F\xC3\xA4\uFFFD");
  EXPECT_EQ(dump_json(nlohmann::json{{"a", {1, 2.5, true}}}), R"({"a":[1,2.5,true]})");
}

TEST(PublicAddress, KeepsWhatIsPublic) {
  EXPECT_EQ(public_address("rtsp://camera:554/stream"), "rtsp://camera:554/stream");
  EXPECT_EQ(public_address("rtsp://user:secret@camera/stream"), "rtsp://camera/stream");
  EXPECT_EQ(public_address("rtsp://u:s@ec@camera/stream"), "rtsp://camera/stream");
  EXPECT_EQ(public_address("http://camera/a?token=secret"), "http://camera/a");
  EXPECT_EQ(public_address("/dev/video0"), "/dev/video0");
  EXPECT_EQ(public_address("shots/a@b.mp4"), "shots/a@b.mp4");
}

// Passwords with / ? or # in them, and paths and queries with an @.
TEST(PublicAddress, NamesTheHostBehindALoginAsItIsTyped) {
  EXPECT_EQ(public_address("rtsp://u:s/e?c#r@camera:554/stream"), "rtsp://…@camera:554/stream");
  EXPECT_EQ(public_address("rtsp://u:s/e@c@camera/a?token=1"), "rtsp://…@camera/a");
  EXPECT_EQ(public_address("rtsp://u:s/e?c@cr@camera/a"), "rtsp://…") << "like a query with an @";
  EXPECT_EQ(public_address("http://camera:80/a?mail=me@secret"), "http://…");
  EXPECT_EQ(public_address("http://[fe80::1]/a?mail=me@secret"), "http://…");
  EXPECT_EQ(public_address("rtsp://u:s@camera/stream@2"), "rtsp://…@2");
  EXPECT_EQ(public_address("rtsp://u:s@camera/stream"), "rtsp://camera/stream");
}

TEST(PublicAddress, HasNoLoginOfItsPath) {
  EXPECT_EQ(public_address("rtsp://camera:554/user=me&password=secret&channel=1/x.sdp"),
            "rtsp://camera:554/");
  EXPECT_EQ(public_address("rtsp://camera/live/user=me_password=s@cret"), "rtsp://…");
  EXPECT_EQ(public_address("rtsp://u:p@camera/live/password=secret"), "rtsp://camera/live/");
}

// Passwords and tokens of anything, letters that no other part of the address has among it.
TEST(PublicAddress, NoPasswordIsSeen) {
  const std::string letters = "QXZ7/?#@:;%&=\\ !$'\"()*+,[]|QXZ7";
  std::minstd_rand random(2);
  const auto secret = [&] {
    std::string text(1 + random() % 12, 'Q');
    for (char& c : text) c = letters[(random() >> 4) % letters.size()];
    return text + "QXZ";
  };
  const auto seen = [](const std::string& text) {
    return text.find_first_of("QXZ7") != std::string::npos;
  };
  for (int i = 0; i < 20000; ++i) {
    const std::string user = random() % 2 == 0 ? "user:" + secret() + "@" : "";
    const std::string query = random() % 2 == 0 ? "?token=" + secret() : "";
    const std::string path = random() % 2 == 0 ? "/user=me&password=" + secret() : "/stream";
    const std::string address = "rtsp://" + user + "camera.example:554" + path + query;
    EXPECT_FALSE(seen(public_address(address))) << address;
    if (address.find_first_of(" '\"") != std::string::npos) continue;  // ends an address in a text
    EXPECT_FALSE(seen(without_secrets("down: " + address + ": no answer"))) << address;
  }
}

TEST(WithoutSecrets, LeavesTheRestOfAText) {
  EXPECT_EQ(without_secrets("a: 'rtsp://u:p@b/c' and http://d?e, then"),
            "a: 'rtsp://b/c' and http://d then");
  EXPECT_EQ(without_secrets("nothing: here"), "nothing: here");
  EXPECT_EQ(without_secrets("://"), "://");
}

TEST(FitText, CountsColumnsAndCutsBetweenCharacters) {
  EXPECT_EQ(columns("Bäcker"), 6);
  EXPECT_EQ(columns("犬犬"), 4);
  EXPECT_EQ(first_columns("Bäcker", 2), "Bä");
  EXPECT_EQ(first_columns("犬犬", 3), "犬");
  EXPECT_EQ(first_columns("abc", 0), "");
  EXPECT_EQ(first_columns("abc", 9), "abc");
}

TEST(FitText, WrapsBetweenWords) {
  EXPECT_EQ(wrap_text("one two three", 9, 2, 0), "one two\n  three");
  EXPECT_EQ(wrap_text("one two three", 9, 2, 4), "one\n  two\n  three");
  EXPECT_EQ(wrap_text("unbreakable word", 5, 0, 0), "unbreakable\nword");
  EXPECT_EQ(wrap_text("", 5, 0, 0), "");
}

TEST(NearestText, FindsWhatWasMeant) {
  const std::vector<std::string> options{"--model", "--source", "--imgsz", "--epochs", "--lr"};
  EXPECT_EQ(nearest_text("--modle", options), "--model");
  EXPECT_EQ(nearest_text("--epoch", options), "--epochs");
  EXPECT_EQ(nearest_text("--img-size", options), "--imgsz");
  EXPECT_EQ(nearest_text("-model", options), "--model");
  EXPECT_EQ(nearest_text("--lr0", options), "--lr");
  EXPECT_EQ(nearest_text("--patience", options), "");
  EXPECT_EQ(nearest_text("--", options), "");
  EXPECT_EQ(nearest_text("detct", {"import", "detect"}), "detect");
  EXPECT_EQ(nearest_text(std::string(100000, 'x'), options), "");
  EXPECT_EQ(did_you_mean("tflight", {"onnx", "tflite"}), "; did you mean tflite?")
      << "by its begin";
  EXPECT_EQ(did_you_mean("c", {"a", "b"}), "");
  EXPECT_EQ(did_you_mean("tfjs", {"onnx", "tflite"}), "");
}

TEST(NearestText, CountsEdits) {
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("abc", ""), 3);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(edit_distance("modle", "model"), 1) << "neighbours that are swapped";
}

}  // namespace
}  // namespace octet
